/** What the address says: a session, and perhaps the ticket of a link that another device showed. */
export function readAddress(hash: string): { readonly wanted: string; readonly ticket: string } {
  const [wanted = "", ...more] = hash.slice(1).split("&");
  return { wanted, ticket: new URLSearchParams(more.join("&")).get("invite") ?? "" };
}
