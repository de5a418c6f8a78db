package dkim

import (
	"strings"
	"unicode/utf8"
)

// A Tag is one tag=value of a tag-list (RFC 6376 §3.2). Positions are octet
// offsets into the text; Text[Start:End] is the whole tag-spec without the
// semicolon.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"` // without the white space around it; inside it stays

	Start      int `json:"start"`
	NameStart  int `json:"-"`
	ValueStart int `json:"-"` // the octet after the "="
	End        int `json:"end"`
}

// ParseTagList splits text into its tags, in the order written. It reads as
// much as it can; every issue of severity error makes the whole list invalid.
func ParseTagList(text string) ([]Tag, []Issue) {
	return nil, nil
}

var _ = strings.TrimSpace
var _ = utf8.ValidString
