package store

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/postmuster/postmuster/internal/message"
)

const (
	// maxFields and maxFieldBytes bound what is searched of a header section, and
	// maxFieldValue what is of one field: the rest is long lists and signatures.
	maxFields     = 200
	maxFieldBytes = 16 << 10
	maxFieldValue = 400
	// maxFieldWord leaves out what nobody types: the base64 of signatures.
	maxFieldWord = 40
)

// fieldWords returns the words of a header section as the index has them, with a
// space before and behind each: "x-campaign:spring" for each word of a field, and
// "x-campaign:" for the field itself.
func fieldWords(h *message.Header) string {
	var b strings.Builder
	b.WriteByte(' ')
	for i := range h.Fields[:min(len(h.Fields), maxFields)] {
		f := &h.Fields[i]
		name := fieldName(f.Name)
		if b.Len()+len(name) > maxFieldBytes {
			break
		}
		b.WriteString(name + ": ")
		if isTrace(name) {
			continue
		}
		for word := range strings.FieldsSeq(words(cutText(f.Text(), maxFieldValue))) {
			if len(word) <= maxFieldWord && b.Len()+len(name)+len(word) <= maxFieldBytes {
				b.WriteString(name + ":" + word + " ")
			}
		}
	}
	return b.String()
}

// isTrace tells that a field is written by machines for machines, and long: that
// it is there can be searched, its value cannot.
func isTrace(name string) bool {
	return name == "received" || strings.HasPrefix(name, "arc-") || strings.HasSuffix(name, "-signature")
}

// cutText cuts a text at the beginning of a rune.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// fieldName returns a field's name as the index has it. Names may have other
// characters, but hardly do.
func fieldName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, name)
}

// fieldValue reads "X-Campaign: spring" or "X-Campaign".
func fieldValue(t *term) error {
	name, value, found := strings.Cut(t.value, ":")
	t.name = fieldName(strings.TrimSpace(name))
	for _, r := range t.name {
		if r != '-' {
			t.words = strings.Fields(words(value))
			if found && strings.TrimSpace(value) != "" && len(t.words) == 0 {
				return errors.New("no letter or digit to search for")
			}
			if len(t.words) > 0 && isTrace(t.name) {
				return errors.New("the values of Received, of ARC and of signatures are not searched")
			}
			return nil
		}
	}
	return errors.New(`the name of a field is missing, as in header:"X-Campaign: spring"`)
}

// fieldMatch returns the words that a message must have for a term header: the
// last may be the beginning of one.
func (t *term) fieldMatch() (list []string, begun string) {
	if len(t.words) == 0 {
		return []string{t.name + ":"}, ""
	}
	last := len(t.words) - 1
	for _, word := range t.words[:last] {
		list = append(list, t.name+":"+word)
	}
	return list, t.name + ":" + t.words[last]
}

func (t *term) fieldCondition() condition {
	list, begun := t.fieldMatch()
	var parts []string
	for _, word := range list {
		parts = append(parts, phrase(word))
	}
	if begun != "" {
		parts = append(parts, phrase(begun)+" *")
	}
	return wordCondition("SELECT rowid AS seq FROM fields WHERE fields MATCH ?", strings.Join(parts, " AND "))
}

// inFields tells whether the words of a header section are those of a term.
func (t *term) inFields(fields string) bool {
	list, begun := t.fieldMatch()
	for _, word := range list {
		if !strings.Contains(fields, " "+word+" ") {
			return false
		}
	}
	return strings.Contains(fields, " "+begun)
}
