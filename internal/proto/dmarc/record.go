package dmarc

// A Tag is one NAME=VALUE of a record, as it was written.
type Tag struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Position int    `json:"position"` // octet offset of the name in the record's text
	ValueAt  int    `json:"value_at"` // octet offset of the value
}

// A Record is a DMARC record. Text and Tags keep what was written; the other
// fields hold what counts: defaults where a tag is absent or invalid.
type Record struct {
	Text string `json:"text"`
	// Valid reports that the text begins with v=DMARC1, so that it is a DMARC
	// record at all. The tree walk drops any other.
	Valid bool  `json:"valid"`
	Tags  []Tag `json:"tags"`

	P  Policy `json:"p,omitempty"`  // "" when absent or invalid
	SP Policy `json:"sp,omitempty"` // "" when absent or invalid
	NP Policy `json:"np,omitempty"` // "" when absent or invalid

	ADKIM   Mode     `json:"adkim"`
	ASPF    Mode     `json:"aspf"`
	PSD     PSD      `json:"psd"`
	Testing bool     `json:"testing"`
	FO      []string `json:"fo,omitempty"` // as written; nil when absent, invalid or without ruf
	RUA     []URI    `json:"rua,omitempty"`
	RUF     []URI    `json:"ruf,omitempty"`

	// Percent is the pct tag, which RFC 9989 removed and RFC 7489 receivers
	// heed: 100 when absent or invalid.
	Percent int `json:"pct"`
}

// A URI is one destination of rua or ruf.
type URI struct {
	Text     string `json:"text"` // as written, without an obsolete !size
	Valid    bool   `json:"valid"`
	Scheme   string `json:"scheme,omitempty"` // in lower case
	Address  string `json:"address,omitempty"`
	Host     string `json:"host,omitempty"` // of the address or the authority, as an A-label
	Position int    `json:"position"`       // octet offset in the record's text
}

// Parse reads the text of a TXT record. It always returns a Record; whether
// the text is a DMARC record is its Valid, and what is odd is in the issues.
func Parse(text string) (Record, []Issue) { return Record{Text: text}, nil }

// Tag returns the first tag of that name.
func (r Record) Tag(name string) (Tag, bool) { return Tag{}, false }

// String writes the tags again, tidily: "v=DMARC1; p=reject".
func (r Record) String() string { return r.Text }

// Usable reports whether the record can be applied, and whether that is as
// written. A record without a valid p, or with an invalid sp or np, counts as
// p=none if it has a valid rua, and otherwise not at all (RFC 9989 §4.10.1).
func (r Record) Usable() (usable, asWritten bool) { return false, false }

// PolicyFor returns the policy for the record's own domain, or for a subdomain
// that exists or does not: np falls back to sp, and sp to p (RFC 9989 §4.7).
func (r Record) PolicyFor(of Source) (Policy, Source) { return "", "" }
