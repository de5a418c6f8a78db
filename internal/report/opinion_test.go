package report

import "testing"

func TestOpinionsInALine(t *testing.T) {
	score := func(n float64) *float64 { return &n }
	tests := []struct {
		opinion Opinion
		want    string
	}{
		{Opinion{Filter: "spamassassin", Score: -0.01, Required: 5, Symbols: []Symbol{{Name: "NO_RELAYS"}}}, "spamassassin says no spam: 0.0 of 5.0; NO_RELAYS"},
		{Opinion{Filter: "rspamd", Spam: true, Action: "reject", Score: 17.43, Required: 15, Symbols: []Symbol{{Name: "FORGED", Score: score(6.5), Description: "the sender is forged"}, {Name: "R_SPF_ALLOW", Score: score(-0.2)}}},
			"rspamd says spam, reject: 17.4 of 15.0; FORGED 6.5, R_SPF_ALLOW -0.2"},
		{Opinion{Filter: "rspamd", Error: "connection refused"}, "rspamd did not answer: connection refused"},
		{Opinion{Filter: "rspamd", Symbols: make([]Symbol, 12)}, "rspamd says no spam: 0.0 of 0.0; , , , , , , , , , , 2 more"},
	}
	for _, test := range tests {
		if got := test.opinion.text(); got != test.want {
			t.Errorf("%+v\n got %s\nwant %s", test.opinion, got, test.want)
		}
	}
}
