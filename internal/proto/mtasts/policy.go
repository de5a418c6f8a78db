package mtasts

// Mode is what senders do when a policy is not met (RFC 8461 §5).
type Mode string

// The modes.
const (
	ModeEnforce Mode = "enforce" // they do not deliver
	ModeTesting Mode = "testing" // they deliver, and report
	ModeNone    Mode = "none"    // as if there were no policy
)

// A Policy is the document at https://mta-sts.DOMAIN/.well-known/mta-sts.txt.
type Policy struct {
	Text   string  `json:"text"`
	Valid  bool    `json:"valid"`
	Mode   Mode    `json:"mode,omitempty"`
	MX     []MX    `json:"mx,omitempty"`
	MaxAge int     `json:"max_age"` // seconds
	Fields []Field `json:"fields"`
}

// An MX is a pattern for the names of MX hosts: a name, or "*." and a name.
type MX struct {
	Pattern  string `json:"pattern"`
	Valid    bool   `json:"valid"`
	Position int    `json:"position"`
}
