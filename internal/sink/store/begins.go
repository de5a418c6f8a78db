package store

import (
	"database/sql/driver"
	"strings"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// beginsWord is the name under which SQL calls containsWord.
const beginsWord = "begins_word"

func init() { // the driver knows functions by name, for all databases
	sqlite.MustRegisterDeterministicScalarFunction(beginsWord, 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, _ := args[0].(string)
		part, _ := args[1].(string)
		return containsWord(text, part), nil
	})
}

// containsWord reports whether part is in text at the beginning of a word, or
// anywhere if it does not begin with a letter or digit.
func containsWord(text, part string) bool {
	first, size := utf8.DecodeRuneInString(part)
	if !isWordRune(first) {
		return strings.Contains(text, part)
	}
	for at := 0; ; at += size {
		i := strings.Index(text[at:], part)
		if i < 0 {
			return false
		}
		at += i
		if before, n := utf8.DecodeLastRuneInString(text[:at]); n == 0 || !isWordRune(before) && !isDiacritic(before) {
			return true
		}
	}
}
