package htmlsupport

import "strings"

// The tables below say what in HTML and CSS is which feature, by its slug.

// elements are features by the name of an element.
var elements = inverted(map[string]string{
	"html-abbr": "abbr", "html-acronym": "acronym", "html-address": "address", "html-audio": "audio", "html-base": "base",
	"html-bdi": "bdi", "html-blockquote": "blockquote", "html-body": "body", "html-code": "code", "html-del": "del",
	"html-dfn": "dfn", "html-dialog": "dialog", "html-div": "div", "html-form": "form", "html-h1-h6": "h1 h2 h3 h4 h5 h6",
	"html-hr": "hr", "html-image-maps": "map", "html-img": "img", "html-lists": "ul ol dl li", "html-marquee": "marquee",
	"html-meter": "meter", "html-object": "object embed", "html-p": "p", "html-picture": "picture", "html-pre": "pre",
	"html-progress": "progress", "html-rp": "rp", "html-rt": "rt", "html-ruby": "ruby", "html-select": "select",
	"html-semantics": "article aside details figcaption figure footer header main mark nav section summary time",
	"html-small":     "small", "html-span": "span", "html-strike": "strike", "html-strong": "strong", "html-svg": "svg",
	"html-table": "table", "html-textarea": "textarea", "html-video": "video", "html-wbr": "wbr",
})

// inputs are features by the type of an input.
var inputs = map[string]string{
	"text": "html-input-text", "checkbox": "html-input-checkbox", "hidden": "html-input-hidden", "radio": "html-input-radio",
	"reset": "html-input-reset", "submit": "html-input-submit",
}

// globals are features by the name of an attribute.
var globals = inverted(map[string]string{
	"html-align": "align", "html-aria-describedby": "aria-describedby", "html-aria-hidden": "aria-hidden",
	"html-aria-label": "aria-label", "html-aria-labelledby": "aria-labelledby", "html-aria-live": "aria-live",
	"html-background": "background", "html-cellpadding": "cellpadding", "html-cellspacing": "cellspacing", "html-dir": "dir",
	"html-height": "height", "html-hidden": "hidden", "html-lang": "lang", "html-loading-attribute": "loading",
	"html-popover": "popover", "html-required": "required", "html-role": "role", "html-srcset": "srcset",
	"html-target": "target", "html-valign": "valign", "html-width": "width", "css-inert-attribute": "inert",
})

// images are features by the ending of an image's name.
var images = inverted(map[string]string{
	"image-apng": ".apng", "image-avif": ".avif", "image-bmp": ".bmp", "image-gif": ".gif", "image-heif": ".heif .heic",
	"image-ico": ".ico", "image-jpg": ".jpg .jpeg", "image-mp4": ".mp4", "image-png": ".png", "image-svg": ".svg",
	"image-tiff": ".tiff .tif", "image-webp": ".webp",
})

// properties are features by the name of a property; propertySlugs knows more.
var properties = inverted(map[string]string{
	"css-accent-color": "accent-color", "css-align-items": "align-items",
	"css-animation":    "animation animation-name animation-duration animation-delay animation-timing-function animation-iteration-count animation-direction animation-fill-mode",
	"css-aspect-ratio": "aspect-ratio", "css-backdrop-filter": "backdrop-filter", "css-background": "background",
	"css-background-blend-mode": "background-blend-mode", "css-background-clip": "background-clip",
	"css-background-color": "background-color", "css-background-image": "background-image",
	"css-background-origin": "background-origin", "css-background-position": "background-position",
	"css-background-repeat": "background-repeat", "css-background-size": "background-size",
	"css-block-inline-size": "block-size",
	"css-border":            "border border-top border-right border-bottom border-left border-width border-style border-color",
	"css-border-collapse":   "border-collapse", "css-border-image": "border-image border-image-source",
	"css-border-inline-block": "border-inline border-block",
	"css-border-inline-block-individual": "border-inline-color border-inline-style border-inline-width border-block-color " +
		"border-block-style border-block-width border-inline-start border-inline-end border-block-start border-block-end",
	"css-border-inline-block-longhand": "border-inline-start-color border-inline-start-style border-inline-start-width border-inline-end-color " +
		"border-inline-end-style border-inline-end-width border-block-start-color border-block-start-style border-block-start-width " +
		"border-block-end-color border-block-end-style border-block-end-width",
	"css-border-radius":         "border-radius border-top-left-radius border-top-right-radius border-bottom-left-radius border-bottom-right-radius",
	"css-border-radius-logical": "border-start-start-radius border-start-end-radius border-end-start-radius border-end-end-radius",
	"css-border-spacing":        "border-spacing", "css-box-shadow": "box-shadow", "css-box-sizing": "box-sizing",
	"css-caption-side": "caption-side", "css-clear": "clear", "css-clip-path": "clip-path", "css-color-scheme": "color-scheme",
	"css-column-count":             "column-count",
	"css-column-layout-properties": "columns column-fill column-rule column-rule-color column-rule-style column-rule-width column-span column-width",
	"css-cursor":                   "cursor", "css-direction": "direction", "css-empty-cells": "empty-cells", "css-filter": "filter",
	"css-float": "float", "css-font": "font", "css-font-kerning": "font-kerning", "css-font-size": "font-size",
	"css-font-size-adjust": "font-size-adjust", "css-font-stretch": "font-stretch", "css-font-weight": "font-weight",
	"css-gap":           "gap row-gap column-gap",
	"css-grid-template": "grid-template grid-template-areas grid-template-columns grid-template-rows",
	"css-height":        "height", "css-hyphenate-character": "hyphenate-character",
	"css-hyphenate-limit-chars": "hyphenate-limit-chars", "css-hyphens": "hyphens", "css-inline-size": "inline-size",
	"css-inset":           "inset inset-block inset-inline inset-block-start inset-block-end inset-inline-start inset-inline-end",
	"css-justify-content": "justify-content", "css-left-right-top-bottom": "left right top bottom",
	"css-letter-spacing": "letter-spacing", "css-line-height": "line-height", "css-list-style": "list-style",
	"css-list-style-image": "list-style-image", "css-list-style-position": "list-style-position",
	"css-list-style-type": "list-style-type", "css-margin": "margin margin-top margin-right margin-bottom margin-left",
	"css-margin-block-start-end":  "margin-block-start margin-block-end",
	"css-margin-inline-block":     "margin-inline margin-block",
	"css-margin-inline-start-end": "margin-inline-start margin-inline-end", "css-mask-image": "mask-image",
	"css-max-block-size": "max-block-size", "css-max-height": "max-height", "css-max-inline-size": "max-inline-size",
	"css-max-width": "max-width", "css-min-block-size": "min-block-size", "css-min-height": "min-height",
	"css-min-inline-size": "min-inline-size", "css-min-width": "min-width", "css-mix-blend-mode": "mix-blend-mode",
	"css-object-fit": "object-fit", "css-object-position": "object-position", "css-opacity": "opacity", "css-orphans": "orphans",
	"css-outline": "outline outline-color outline-style outline-width", "css-outline-offset": "outline-offset",
	"css-overflow": "overflow overflow-x overflow-y overflow-block overflow-inline", "css-overflow-wrap": "overflow-wrap",
	"css-padding":                  "padding padding-top padding-right padding-bottom padding-left",
	"css-padding-block-start-end":  "padding-block-start padding-block-end",
	"css-padding-inline-block":     "padding-inline padding-block",
	"css-padding-inline-start-end": "padding-inline-start padding-inline-end", "css-position": "position", "css-resize": "resize",
	"css-scroll-snap": "scroll-snap-type scroll-snap-align scroll-snap-stop", "css-shape-margin": "shape-margin",
	"css-shape-outside": "shape-outside", "css-tab-size": "tab-size", "css-table-layout": "table-layout",
	"css-text-align": "text-align", "css-text-align-last": "text-align-last", "css-text-decoration": "text-decoration",
	"css-text-decoration-color": "text-decoration-color", "css-text-decoration-line": "text-decoration-line",
	"css-text-decoration-skip-ink": "text-decoration-skip-ink", "css-text-decoration-style": "text-decoration-style",
	"css-text-decoration-thickness": "text-decoration-thickness",
	"css-text-emphasis":             "text-emphasis text-emphasis-color text-emphasis-style", "css-text-emphasis-position": "text-emphasis-position",
	"css-text-indent": "text-indent", "css-text-justify": "text-justify", "css-text-orientation": "text-orientation",
	"css-text-overflow": "text-overflow", "css-text-shadow": "text-shadow", "css-text-transform": "text-transform",
	"css-text-underline-offset": "text-underline-offset", "css-text-underline-position": "text-underline-position",
	"css-text-wrap": "text-wrap text-wrap-mode text-wrap-style", "css-transform": "transform",
	"css-transition":  "transition transition-property transition-duration transition-delay transition-timing-function",
	"css-user-select": "user-select", "css-vertical-align": "vertical-align", "css-visibility": "visibility",
	"css-white-space": "white-space", "css-white-space-collapse": "white-space-collapse", "css-widows": "widows",
	"css-width": "width", "css-word-break": "word-break", "css-word-spacing": "word-spacing", "css-word-wrap": "word-wrap",
	"css-writing-mode": "writing-mode", "css-z-index": "z-index",
})

// propertySlugs returns the features of a declaration, some of which depend on
// its value.
func propertySlugs(name, value string) []string {
	value, _, _ = strings.Cut(value, "!")
	value = strings.TrimSpace(value)
	switch name {
	case "display":
		switch value {
		case "flex", "inline-flex":
			return []string{"css-display-flex"}
		case "grid", "inline-grid":
			return []string{"css-display-grid"}
		case "none":
			return []string{"css-display-none"}
		}
		return []string{"css-display"}
	case "flex-direction":
		if strings.HasPrefix(value, "column") {
			return []string{"css-flex-direction"}
		}
	case "flex-wrap":
		if strings.HasPrefix(value, "wrap") {
			return []string{"css-flex-wrap"}
		}
	case "flex-flow":
		return []string{"css-flex-wrap"}
	default:
		if slug := properties[name]; slug != "" {
			return []string{slug}
		}
	}
	return nil
}

// functions are features by the name of a function in a value.
var functions = inverted(map[string]string{
	"css-function-clamp": "clamp", "css-function-light-dark": "light-dark", "css-function-max": "max", "css-function-min": "min",
	"css-modern-color": "lch oklch lab oklab", "css-rgb": "rgb", "css-rgba": "rgba", "css-unit-calc": "calc", "css-variables": "var",
	"css-conic-gradient":  "conic-gradient repeating-conic-gradient",
	"css-linear-gradient": "linear-gradient repeating-linear-gradient",
	"css-radial-gradient": "radial-gradient repeating-radial-gradient",
})

// units are features by the unit of a number.
var units = map[string]string{
	"ch": "css-unit-ch", "cm": "css-unit-cm", "em": "css-unit-em", "ex": "css-unit-ex", "in": "css-unit-in", "mm": "css-unit-mm",
	"pc": "css-unit-pc", "pt": "css-unit-pt", "px": "css-unit-px", "rem": "css-unit-rem", "vh": "css-unit-vh",
	"vmax": "css-unit-vmax", "vmin": "css-unit-vmin", "vw": "css-unit-vw",
}

// keywords are features by a word in a value.
var keywords = inverted(map[string]string{
	"css-intrinsic-size": "fit-content min-content max-content",
	"css-sytem-ui":       "system-ui ui-serif ui-sans-serif ui-rounded ui-monospace", // so spelt
	"css-unit-initial":   "initial",
})

// mediaFeatures are features by what a media query asks about.
var mediaFeatures = inverted(map[string]string{
	"css-at-media-device-pixel-ratio":     "-webkit-device-pixel-ratio -webkit-min-device-pixel-ratio -webkit-max-device-pixel-ratio",
	"css-at-media-hover":                  "hover any-hover",
	"css-at-media-orientation":            "orientation",
	"css-at-media-prefers-color-scheme":   "prefers-color-scheme",
	"css-at-media-prefers-reduced-motion": "prefers-reduced-motion",
})

// pseudos are features by the name of a pseudo-class or pseudo-element.
var pseudos = map[string]string{
	"active": "css-pseudo-class-active", "checked": "css-pseudo-class-checked", "default": "css-pseudo-class-default",
	"first-child": "css-pseudo-class-first-child", "first-of-type": "css-pseudo-class-first-of-type",
	"focus": "css-pseudo-class-focus", "focus-visible": "css-pseudo-class-focus-visible", "focus-within": "css-pseudo-class-focus-within",
	"has": "css-pseudo-class-has", "hover": "css-pseudo-class-hover", "lang": "css-pseudo-class-lang",
	"last-child": "css-pseudo-class-last-child", "last-of-type": "css-pseudo-class-last-of-type", "link": "css-pseudo-class-link",
	"not": "css-pseudo-class-not", "nth-child": "css-pseudo-class-nth-child", "nth-last-child": "css-pseudo-class-nth-last-child",
	"nth-last-of-type": "css-pseudo-class-nth-last-of-type", "nth-of-type": "css-pseudo-class-nth-of-type",
	"only-child": "css-pseudo-class-only-child", "only-of-type": "css-pseudo-class-only-of-type",
	"target": "css-pseudo-class-target", "visited": "css-pseudo-class-visited",
	"after": "css-pseudo-element-after", "before": "css-pseudo-element-before", "first-letter": "css-pseudo-element-first-letter",
	"first-line": "css-pseudo-element-first-line", "marker": "css-pseudo-element-marker", "placeholder": "css-pseudo-element-placeholder",
}

// elsewhere are features that no table above leads to: found in other places of
// the code, or not to be seen in the HTML.
var elsewhere = map[string]bool{
	"html-anchor-links": true, "html-button-reset": true, "html-button-submit": true, "html-comments": true, "html-doctype": true,
	"html-link": true, "html-mailto-links": true, "html-meta-color-scheme": true, "html-style": true, "image-base64": true,
	"css-at-font-face": true, "css-at-import": true, "css-at-keyframes": true, "css-at-media": true, "css-at-supports": true,
	"css-comments": true, "css-display": true, "css-display-flex": true, "css-display-grid": true, "css-display-none": true,
	"css-flex-direction": true, "css-flex-wrap": true, "css-important": true, "css-nesting": true, "css-unit-percent": true,
	"css-selector-adjacent-sibling": true, "css-selector-attribute": true, "css-selector-chaining": true, "css-selector-child": true,
	"css-selector-class": true, "css-selector-descendant": true, "css-selector-general-sibling": true, "css-selector-grouping": true,
	"css-selector-id": true, "css-selector-type": true, "css-selector-universal": true,
	"amp": true, "bimi": true, "image-hdr": true,
}

// inverted turns slug: names into name: slugs.
func inverted(table map[string]string) map[string]string {
	out := map[string]string{}
	for slug, names := range table {
		for name := range strings.FieldsSeq(names) {
			if out[name] != "" {
				panic("two features are called " + name) // a mistake in a table
			}
			out[name] = slug
		}
	}
	return out
}
