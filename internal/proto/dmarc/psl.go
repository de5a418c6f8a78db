package dmarc

// PSL is what a receiver that follows RFC 7489 with the public suffix list
// concludes.
type PSL struct {
	OrgDomain    string `json:"org_domain"`
	Result       Result `json:"result,omitempty"`
	RecordDomain string `json:"record_domain,omitempty"`
	Policy       Policy `json:"policy,omitempty"`
	PolicySource Source `json:"policy_source,omitempty"`
	// Percent is the share of failing mail to which the policy applies.
	Percent     int      `json:"pct,omitempty"`
	SPFAligned  bool     `json:"spf_aligned"`
	DKIMAligned []string `json:"dkim_aligned"`

	Differs     bool     `json:"differs"`
	Differences []string `json:"differences,omitempty"` // "organizational domain", "policy", "result"
}

// PSLOrgDomain returns the organizational domain of RFC 7489 §3.2: one label
// more than the public suffix, or the name itself if it is a public suffix.
func PSLOrgDomain(domain string) string { return domain }
