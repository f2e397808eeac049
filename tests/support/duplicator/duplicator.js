// What "Duplicate" in a tab's menu does: an extension may ask for it, a driver may not.
globalThis.duplicate = async (address) => {
  const tabs = await chrome.tabs.query({});
  const { id } = tabs.find(({ url }) => url.startsWith(address));
  await chrome.tabs.duplicate(id);
};
