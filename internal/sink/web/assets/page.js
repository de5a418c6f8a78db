// What scripts add to a page that works without them.
import { watchLinks, watchForms } from "./swap.js";
import { watchMail } from "./live.js";
import { watchKeys } from "./keys.js";
import { setUpPalette } from "./palette.js";
import { setUpTheme } from "./theme.js";
import { watchCopying, watchFilters, watchMenus } from "./small.js";
import { watchDialogs } from "./sendon.js";
import { watchSearch } from "./hints.js";
import { tellTimes } from "./times.js";
import { setUpNotifying } from "./notify.js";
import { onShown } from "./shown.js";

document.documentElement.classList.add("scripted");
onShown(tellTimes);
setUpTheme();
setUpNotifying();
setUpPalette();
watchLinks();
watchForms();
watchKeys();
watchCopying();
watchFilters();
watchMenus();
watchDialogs();
watchSearch();
watchMail();
