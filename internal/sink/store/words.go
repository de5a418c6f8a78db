package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words returns the words of a text as the index compares them (the tokenizer
// unicode61 of FTS5, without diacritics), with a space before and behind each.
// A phrase stands in a text when its words are a part of the text's.
func words(text string) string {
	b := make([]byte, 0, len(text)+2)
	b = append(b, ' ')
	for _, r := range text {
		switch {
		case isDiacritic(r):
		case isWordRune(r):
			b = utf8.AppendRune(b, foldRune(r))
		case b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	if b[len(b)-1] != ' ' {
		b = append(b, ' ')
	}
	return string(b)
}

// isDiacritic reports whether a rune is a diacritic of its own, which stands
// within a word.
func isDiacritic(r rune) bool { return r >= 0x300 && r <= 0x331 }

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r)
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	if r != 'ı' {
		r = unicode.ToUpper(r) // the letters of which there are several small ones
	}
	r = unicode.ToLower(r)
	if base, _ := utf8.DecodeRune(norm.NFD.AppendString(nil, string(r))); base < utf8.RuneSelf {
		return base
	}
	return r
}

// stands tells whether a phrase stands in the words of a text; begun tells that
// its last word may be the beginning of one.
func stands(phrase, in string, begun bool) bool {
	phrase = words(phrase)
	if begun {
		phrase = strings.TrimRight(phrase, " ")
	}
	return strings.Contains(in, phrase)
}
