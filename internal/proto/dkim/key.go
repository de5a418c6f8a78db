package dkim

import "crypto"

// A KeyRecord is a key record of RFC 6376 §3.6.1 as it was read.
type KeyRecord struct {
	Text string `json:"text"`
	Tags []Tag  `json:"tags"` // all of them, also unknown ones

	KeyType   string   `json:"key_type"`             // k=: "rsa" (also when absent), "ed25519", or what was written
	Hashes    []string `json:"hashes,omitempty"`     // h=; empty: any
	Services  []string `json:"services,omitempty"`   // s=; empty: any
	Flags     []string `json:"flags,omitempty"`      // t=
	Notes     string   `json:"notes,omitempty"`      // n=
	PublicKey string   `json:"public_key,omitempty"` // p= without white space
	Revoked   bool     `json:"revoked"`              // p= is empty

	Bits     int              `json:"bits"`               // of the RSA modulus; 256 for Ed25519; 0 if unreadable
	Exponent string           `json:"exponent,omitempty"` // RSA's, in decimal
	Key      crypto.PublicKey `json:"-"`                  // *rsa.PublicKey or ed25519.PublicKey; nil if unusable

	// Fault is why verifiers cannot use the record; empty when they can. A
	// revoked key and a short one have no fault in this sense.
	Fault string `json:"fault,omitempty"`
}

// ParseKeyRecord reads the text of a TXT record (its strings joined) as a key
// record. What is wrong with it is in the issues, and in KeyRecord.Fault when
// verifiers cannot use it.
func ParseKeyRecord(text string) (KeyRecord, []Issue) {
	return KeyRecord{}, nil
}

// Tag returns the value of the first tag of that name.
func (r *KeyRecord) Tag(name string) (value string, ok bool) {
	return "", false
}

// Testing reports the flag t=y: the domain is trying DKIM out.
func (r *KeyRecord) Testing() bool { return false }

// Strict reports the flag t=s: i= must be in d= itself, not below it.
func (r *KeyRecord) Strict() bool { return false }

// AllowsHash reports whether h= lets signatures use a hash, such as "sha256".
func (r *KeyRecord) AllowsHash(name string) bool { return false }

// AllowsEmail reports whether s= lets the key sign mail.
func (r *KeyRecord) AllowsEmail() bool { return false }
