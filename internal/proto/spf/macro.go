package spf

// A MacroString is a domain-spec or an explanation that may hold macros
// (RFC 7208 §7). Its zero value is empty.
type MacroString struct {
	Text string `json:"text"`
}

// HasMacros reports whether the text depends on the evaluation.
func (m MacroString) HasMacros() bool { return false }

// Letters returns the macro letters used, in lower case, each once.
func (m MacroString) Letters() string { return "" }
