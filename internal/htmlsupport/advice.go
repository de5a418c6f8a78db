package htmlsupport

import "strings"

// harmless are features whose lack makes a message look plainer, and takes
// nothing from what it says or how it is laid out.
var harmless = set(`
	css-accent-color css-animation css-at-keyframes css-at-media-hover css-at-media-prefers-color-scheme css-at-media-prefers-reduced-motion css-backdrop-filter
	css-background-blend-mode css-background-clip css-background-origin css-border-image css-border-radius
	css-border-radius-logical css-box-shadow css-color-scheme css-comments css-cursor css-filter css-font-kerning
	css-font-size-adjust css-font-stretch css-hyphenate-character css-hyphenate-limit-chars css-hyphens css-letter-spacing
	css-list-style-image css-mix-blend-mode css-orphans css-outline css-outline-offset css-pseudo-class-active
	css-pseudo-class-default css-pseudo-class-focus css-pseudo-class-focus-visible css-pseudo-class-focus-within
	css-pseudo-class-hover css-pseudo-class-link css-pseudo-class-visited css-pseudo-element-first-letter
	css-pseudo-element-first-line css-pseudo-element-marker css-pseudo-element-placeholder css-resize css-scroll-snap
	css-sytem-ui css-tab-size css-text-decoration-color css-text-decoration-skip-ink css-text-decoration-style
	css-text-decoration-thickness css-text-emphasis css-text-emphasis-position css-text-justify css-text-shadow
	css-text-underline-offset css-text-underline-position css-text-wrap css-transition css-user-select css-widows
	css-word-spacing html-abbr html-aria-describedby html-aria-hidden html-aria-label html-aria-labelledby html-aria-live
	html-bdi html-comments html-doctype html-lang html-loading-attribute html-meta-color-scheme html-required html-role
	html-semantics html-small html-target html-wbr`)

func set(slugs string) map[string]bool {
	out := map[string]bool{}
	for slug := range strings.FieldsSeq(slugs) {
		out[slug] = true
	}
	return out
}

// advice is what to do about a feature, by slugs.
var advice = spread(map[string]string{
	"css-display-flex css-flex-direction css-flex-wrap css-align-items css-justify-content css-gap": "Lay out with tables, and let flex only improve on them: where it is missing, elements stand below each other.",
	"css-display-grid css-grid-template":                           "Lay out with tables: where grid is missing, its cells stand below each other.",
	"css-position css-left-right-top-bottom css-inset css-z-index": "Do not put elements on top of each other: where this is missing they stand one after the other, in the order of the source.",
	"css-float css-clear":                                          "Use a table, or the align attribute of tables and images.",
	"css-background-image css-background css-background-size css-background-position css-background-repeat html-background": "Give the element a background-color too, on which its text can be read without the image; for Outlook on Windows add VML.",
	"css-linear-gradient css-radial-gradient css-conic-gradient":                                                            "Write a plain background-color first, on which the text can be read.",
	"css-border-radius css-border-radius-logical css-box-shadow css-text-shadow":                                            "Nothing to do: corners are square and shadows missing there.",
	"css-margin":  "Use padding on a table cell, or an empty cell, where the distance matters.",
	"css-padding": "Put the padding on a td: Outlook on Windows knows it there alone.",
	"css-width css-max-width css-min-width css-height css-max-height css-min-height":                    "Set width and height as attributes of tables, cells and images too.",
	"css-at-media css-at-media-orientation css-at-media-device-pixel-ratio":                             "Make the message readable without media queries: fluid widths first, and the query only to improve on them.",
	"css-at-media-prefers-color-scheme css-color-scheme css-function-light-dark html-meta-color-scheme": "Choose light colours that can be read when a client turns them around by itself, as some do; logos with a transparent ground need an outline.",
	"css-at-font-face":        "Name a font that every system has behind the web font; Outlook on Windows needs it in an mso-font-alt or a rule of its own.",
	"css-at-import html-link": "Write the rules into a style element, or better into style attributes: what is linked to is not loaded.",
	"html-style":              "Write what must not be lost into style attributes; keep style elements in the head, each below 16 KB.",
	"css-selector-attribute css-selector-child css-selector-adjacent-sibling css-selector-general-sibling css-selector-chaining css-selector-id css-selector-universal css-selector-descendant css-nesting css-selector-grouping css-selector-class css-selector-type": "Write what must not be lost into style attributes, and keep selectors to single classes.",
	"css-pseudo-class-hover css-pseudo-class-active css-pseudo-class-focus css-transition css-animation css-at-keyframes":                                                                                                                                              "Nothing to do if the message says all it has to say without it.",
	"css-pseudo-element-after css-pseudo-element-before":                                                "Put what it shows into the HTML.",
	"css-variables css-unit-calc css-function-clamp css-function-max css-function-min css-unit-initial": "Write the value out, or write a plain one in front of it: whoever does not know the second keeps the first.",
	"css-unit-rem css-unit-vh css-unit-vw css-unit-vmin css-unit-vmax css-unit-ch":                      "Use px, or write a value in px in front of it.",
	"css-rgb css-rgba css-modern-color":                                                                 "Write colours as #rrggbb, or rgb() with commas; a colour with transparency needs a plain one in front of it.",
	"css-opacity css-filter css-mix-blend-mode css-visibility":                                          "Do not hide or dim what matters with it.",
	"css-display": "Lay out with tables: Outlook on Windows knows no display but none.",
	"css-display-none html-hidden css-overflow": "Do not rely on it to hide anything: parts of a message that only some readers should see are seen by others.",
	"css-important":  "Write it in lower case, with a space in front.",
	"css-box-sizing": "Count padding and border into the width yourself.",
	"css-object-fit css-object-position css-aspect-ratio": "Cut the image to its size, and set width and height as attributes.",
	"css-transform":      "Turn it in the image.",
	"html-svg image-svg": "Use PNG.",
	"image-webp image-avif image-heif image-apng image-tiff image-bmp image-ico image-hdr": "Use JPEG, PNG or GIF.",
	"image-base64":                    "Attach the image and refer to it with cid:, or host it.",
	"image-mp4 html-video html-audio": "Show an image that links to it.",
	"html-picture html-srcset":        "Let the img inside be one that suits every screen.",
	"html-form html-input-text html-input-checkbox html-input-radio html-input-hidden html-input-submit html-input-reset html-button-submit html-button-reset html-textarea html-select html-required css-pseudo-class-checked": "Link to a form on the web: here it is cut out, or sends nothing.",
	"html-object html-dialog html-popover html-marquee html-meter html-progress html-base": "Leave it out.",
	"html-anchor-links": "Do without a table of contents, or make sure that nobody needs it.",
	"html-body":         "Put the styles of body on a table or div around the whole message, too.",
	"html-image-maps":   "Cut the image, and link each piece.",
	"html-target html-doctype html-comments css-comments html-loading-attribute html-lang html-role html-semantics html-small html-wbr html-bdi html-abbr": "Nothing to do.",
})

// spread gives each slug its text.
func spread(table map[string]string) map[string]string {
	out := map[string]string{}
	for slugs, text := range table {
		for slug := range strings.FieldsSeq(slugs) {
			out[slug] = text
		}
	}
	return out
}

// adviceOn is what to do about a feature that not all clients support.
func adviceOn(f *Feature) string {
	switch text := advice[f.Slug]; {
	case text != "":
		return text
	case harmless[f.Slug]:
		return "Nothing to do: the message only looks plainer there."
	case f.Category == "css":
		return "See whether the message can do without: write a value that all know in front of it, or use another way."
	default:
		return "See whether the message can do without."
	}
}
