package bimi

import "strings"

// The SVG Tiny Portable/Secure profile, after the RELAX NG schema SVG_1.2_PS
// that draft-svg-tiny-ps-abrotman refers to.

// What an element may have besides its own attributes.
type attributeGroup uint

const (
	core        attributeGroup = 1 << iota // id, class and what describes the element
	properties                             // how it is painted and written
	conditional                            // for whom it is
	media                                  // whether it is shown
)

var groupAttributes = map[attributeGroup]map[string]bool{
	core: words("id xml:id xml:base xml:lang xml:space class role rel rev typeof content datatype resource about property"),
	properties: words("fill fill-opacity fill-rule stroke stroke-opacity stroke-dasharray stroke-dashoffset stroke-linecap " +
		"stroke-linejoin stroke-miterlimit stroke-width color color-rendering vector-effect direction unicode-bidi " +
		"solid-color solid-opacity display-align line-increment stop-color stop-opacity font-family font-size font-style " +
		"font-variant font-weight text-anchor text-align"),
	conditional: words("requiredFonts systemLanguage"),
	media: words("display visibility image-rendering shape-rendering text-rendering buffered-rendering " +
		"viewport-fill viewport-fill-opacity"),
}

// An element of the profile.
type element struct {
	groups     attributeGroup
	attributes map[string]bool // its own
	children   map[string]bool
	text       bool // may hold text
}

const shapes = "path rect circle line ellipse polyline polygon solidColor textArea linearGradient radialGradient text g defs use"

var profile = map[string]element{
	"svg": {core | properties, words("width height viewBox version baseProfile contentScriptType externalResourcesRequired " +
		"focusable playbackOrder preserveAspectRatio snapshotTime timelineBegin zoomAndPan"), words("title desc metadata " + shapes), false},
	"title":          {core | conditional | media, nil, nil, true},
	"desc":           {core | conditional | media, nil, nil, true},
	"metadata":       {0, nil, nil, true},
	"g":              {core | properties | conditional, words("transform"), words(shapes), false},
	"defs":           {core | properties, nil, words(shapes), false},
	"use":            {core | properties | conditional, words("transform href x y"), nil, false},
	"path":           {core | properties | conditional, words("transform d pathLength"), nil, false},
	"rect":           {core | properties | conditional, words("transform x y width height rx ry"), nil, false},
	"circle":         {core | properties | conditional, words("transform cx cy r"), nil, false},
	"ellipse":        {core | properties | conditional, words("transform cx cy rx ry"), nil, false},
	"line":           {core | properties | conditional, words("transform x1 y1 x2 y2"), nil, false},
	"polyline":       {core | properties | conditional, words("transform points"), nil, false},
	"polygon":        {core | properties | conditional, words("transform points"), nil, false},
	"text":           {core | properties | conditional, words("transform x y rotate editable"), nil, true},
	"textArea":       {core | properties | conditional, words("transform x y width height editable"), nil, true},
	"solidColor":     {core | properties, nil, nil, false},
	"linearGradient": {core | properties, words("gradientUnits x1 y1 x2 y2"), words("stop"), false},
	"radialGradient": {core | properties, words("gradientUnits cx cy r"), words("stop"), false},
	"stop":           {core | properties, words("offset"), nil, false},
}

// paints are the elements that leave something to see.
var paints = words("path rect circle line ellipse polyline polygon text textArea use")

// fixedValues are the attributes of the root that should not be there, and may
// have this value only (draft-svg-tiny-ps-abrotman §2.3).
var fixedValues = map[string]string{
	"externalResourcesRequired": "false",
	"focusable":                 "false",
	"playbackOrder":             "all",
	"snapshotTime":              "none",
	"timelineBegin":             "onLoad",
	"zoomAndPan":                "disable",
}

// A ban is why an element that SVG has is not in the profile.
type ban struct {
	code Code
	why  string
}

var banned = bans(map[string]ban{
	"script handler listener": {CodeScript, "scripts are not allowed"},
	"animate animateColor animateMotion animateTransform animation set mpath discard": {CodeAnimation, "animation is not allowed"},
	"image video audio":          {CodeImage, "images and other media are not allowed, embedded ones neither"},
	"a":                          {CodeReference, "links are not allowed"},
	"style":                      {CodeStyle, "style sheets are not allowed; the profile has attributes such as fill"},
	"foreignObject iframe embed": {CodeElement, "other languages are not allowed within"},
	"switch":                     {CodeElement, "conditional processing is not allowed"},
})

func bans(table map[string]ban) map[string]ban {
	all := map[string]ban{}
	for names, b := range table {
		for name := range words(names) {
			all[name] = b
		}
	}
	return all
}

func words(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

func (e element) allows(attribute string) bool {
	for group, names := range groupAttributes {
		if e.groups&group != 0 && names[attribute] {
			return true
		}
	}
	return e.attributes[attribute]
}

// placeholders are the titles that editors and converters leave behind.
var placeholders = map[string]bool{
	"title": true, "untitled": true, "untitled document": true, "untitled-1": true, "logo": true, "svg": true, "image": true,
	"bimi": true, "bimi logo": true, "placeholder": true, "company": true, "company name": true, "your company": true,
	"your company name": true, "brand": true, "brand name": true, "layer 1": true, "drawing": true, "asset 1": true, "artwork": true,
}
