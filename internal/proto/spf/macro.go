package spf

import (
	"fmt"
	"strconv"
	"strings"
)

// A MacroString is a domain-spec or an explanation that may hold macros
// (RFC 7208 §7). Its zero value is empty.
type MacroString struct {
	Text  string
	parts []macroPart // nil if Text stands for itself
}

// A macroPart is either literal text or one macro.
type macroPart struct {
	literal string

	letter     byte   // in lower case; 0 for a literal
	escape     bool   // written in upper case: URL-escaped (§7.3)
	keep       int    // right-hand parts to keep; 0 for all
	reverse    bool   // the transformer r
	delimiters string // "." if none was given
}

const (
	macroLetters    = "slodiphvcrt"
	expOnlyLetters  = "crt" // RFC 7208 §7.2
	macroDelimiters = ".-+,/_="

	// maxKeep bounds the number in a macro. No value has as many parts: names
	// have at most 127 labels (RFC 7208 §7.3).
	maxKeep = 9999
)

// Letters returns the macro letters used, in lower case, each once.
func (m MacroString) Letters() string {
	var letters []byte
	for _, p := range m.parts {
		if p.letter != 0 && strings.IndexByte(string(letters), p.letter) < 0 {
			letters = append(letters, p.letter)
		}
	}
	return string(letters)
}

// MarshalText returns the text as written.
func (m MacroString) MarshalText() ([]byte, error) { return []byte(m.Text), nil }

// A syntaxError is something wrong at an offset of the text being read.
type syntaxError struct {
	code    Code
	offset  int
	message string
}

func syntaxErrorf(code Code, offset int, format string, args ...any) *syntaxError {
	return &syntaxError{code, offset, fmt.Sprintf(format, args...)}
}

// macroUse says where a macro-string stands, which decides on what it may hold.
type macroUse struct {
	expLetters bool // %{c}, %{r}, %{t}
	spaces     bool
}

var (
	inDomainSpec  = macroUse{}
	inModifier    = macroUse{expLetters: true} // §6: ignored, but its syntax counts
	inExplanation = macroUse{expLetters: true, spaces: true}
)

// parseMacroString reads the grammar of RFC 7208 §7.1. It also returns where the
// text after the last macro begins.
func parseMacroString(text string, use macroUse) (m MacroString, start int, err *syntaxError) {
	m.Text = text
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '%':
			part, n, err := parseMacro(text[i:], use)
			if err != nil {
				err.offset += i
				return m, 0, err
			}
			if start < i {
				m.parts = append(m.parts, macroPart{literal: text[start:i]})
			}
			m.parts = append(m.parts, part)
			i += n
			start = i
		case c > ' ' && c <= '~' || c == ' ' && use.spaces:
			i++
		default:
			return m, 0, syntaxErrorf(CodeMacro, i, "%q cannot stand here", c)
		}
	}
	if m.parts != nil && start < len(text) {
		m.parts = append(m.parts, macroPart{literal: text[start:]})
	}
	return m, start, nil
}

// parseMacro reads one macro-expand at the start of s and returns its length.
func parseMacro(s string, use macroUse) (macroPart, int, *syntaxError) {
	if len(s) < 2 {
		return macroPart{}, 0, syntaxErrorf(CodeMacro, 0, "a percent sign begins a macro: %%%%, %%_, %%- or %%{…}")
	}
	switch s[1] {
	case '%':
		return macroPart{literal: "%"}, 2, nil
	case '_':
		return macroPart{literal: " "}, 2, nil
	case '-':
		return macroPart{literal: "%20"}, 2, nil
	case '{':
	default:
		return macroPart{}, 0, syntaxErrorf(CodeMacro, 0, "a percent sign begins a macro: %%%%, %%_, %%- or %%{…}")
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return macroPart{}, 0, syntaxErrorf(CodeMacro, 0, "the macro has no closing brace")
	}
	part, err := parseMacroBody(s[2:end], use)
	if err != nil {
		err.offset += 2
	}
	return part, end + 1, err
}

// parseMacroBody reads what stands in the braces: a letter, digits, r, delimiters.
func parseMacroBody(body string, use macroUse) (macroPart, *syntaxError) {
	if body == "" {
		return macroPart{}, syntaxErrorf(CodeMacro, 0, "the macro has no letter")
	}
	part := macroPart{letter: lower(body[0]), escape: body[0] < 'a', delimiters: "."}
	if strings.IndexByte(macroLetters, part.letter) < 0 {
		return part, syntaxErrorf(CodeMacro, 0, "there is no macro %%{%c}", body[0])
	}
	if !use.expLetters && strings.IndexByte(expOnlyLetters, part.letter) >= 0 {
		return part, syntaxErrorf(CodeMacro, 0, "%%{%c} may be used in explanations only", body[0])
	}
	i := 1
	for i < len(body) && isDigit(body[i]) {
		i++
	}
	if i > 1 {
		n, err := strconv.Atoi(body[1:i])
		if err != nil || n > maxKeep {
			n = maxKeep
		}
		if n == 0 {
			return part, syntaxErrorf(CodeMacro, 1, "the number of parts to keep is zero")
		}
		part.keep = n
	}
	if i < len(body) && lower(body[i]) == 'r' {
		part.reverse = true
		i++
	}
	if i < len(body) {
		part.delimiters = body[i:]
	}
	for ; i < len(body); i++ {
		if strings.IndexByte(macroDelimiters, body[i]) < 0 {
			return part, syntaxErrorf(CodeMacro, i, "%q is neither a transformer nor a delimiter", body[i])
		}
	}
	return part, nil
}

// parseDomainSpec reads a macro-string that ends in a macro, or in a dot and a
// top label (RFC 7208 §7.1).
func parseDomainSpec(text string) (MacroString, *syntaxError) {
	if text == "" {
		return MacroString{}, syntaxErrorf(CodeDomain, 0, "the domain is empty")
	}
	m, start, err := parseMacroString(text, inDomainSpec)
	if err != nil || start == len(text) {
		return m, err
	}
	tail := strings.TrimSuffix(text[start:], ".")
	dot := strings.LastIndexByte(tail, '.')
	if dot < 0 {
		return m, syntaxErrorf(CodeDomain, start, "%q is not a domain with a dot in it", text)
	}
	if top := tail[dot+1:]; !isTopLabel(top) {
		return m, syntaxErrorf(CodeDomain, start+dot+1, "%q cannot be the last label of a domain", top)
	}
	return m, nil
}

// isTopLabel follows the rule toplabel of RFC 7208 §7.1: letters, digits and
// inner hyphens, but not digits alone.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	digitsOnly := true
	for i := range len(s) {
		switch c := s[i]; {
		case isAlpha(c) || c == '-':
			digitsOnly = false
		case !isDigit(c):
			return false
		}
	}
	return !digitsOnly
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlpha(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
