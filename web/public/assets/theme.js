// Before the first paint: the theme that was chosen here, if any. A file of its own, because inline scripts are not allowed.
try {
  var theme = localStorage.getItem("legato:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (problem) {
  // A browser that keeps nothing shows what the system prefers.
}
