package facts

import (
	"strings"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/proto/spf"
)

// A vendor is a service that signs mail for its customers, the selectors that
// it is known to use, and what in a domain's records shows that it is used. A
// selector is a hint, never proof: many are chosen by the customer, and those of
// Amazon SES and Postmark cannot be guessed at all.
type vendor struct {
	name      string
	selectors []string
	includes  []string // ends of the domains that an SPF policy names
	mx        []string // ends of the names of MX hosts
}

// vendors were collected in November 2026 from the vendors' guides and from open
// lists of selectors.
var vendors = []vendor{
	{"Google Workspace", []string{"google"}, []string{"_spf.google.com"}, []string{"google.com", "googlemail.com"}},
	{"Microsoft 365", []string{"selector1", "selector2"}, []string{"spf.protection.outlook.com"}, []string{"mail.protection.outlook.com", "mx.microsoft"}},
	{"Azure Communication Services", []string{"selector1-azurecomm-prod-net", "selector2-azurecomm-prod-net"}, nil, nil},
	{"Apple iCloud", []string{"sig1"}, []string{"icloud.com"}, []string{"mail.icloud.com"}},
	{"Fastmail", []string{"fm1", "fm2", "fm3", "mesmtp"}, []string{"messagingengine.com"}, []string{"messagingengine.com"}},
	{"Proton", []string{"protonmail", "protonmail2", "protonmail3"}, []string{"protonmail.ch"}, []string{"protonmail.ch"}},
	{"Zoho", []string{"zoho", "zmail", "zohomail"}, []string{"zoho.com", "zoho.eu", "zohomail.com"}, []string{"zoho.com", "zoho.eu"}},
	{"SendGrid", []string{"s1", "s2", "smtpapi", "em"}, []string{"sendgrid.net"}, nil},
	{"Mailchimp", []string{"k1", "k2", "k3"}, []string{"servers.mcsv.net"}, nil},
	{"Mandrill", []string{"mandrill", "mte1", "mte2"}, []string{"spf.mandrillapp.com"}, nil},
	{"Mailgun", []string{"k1", "mx", "smtp", "pic", "mailo", "mg"}, []string{"mailgun.org"}, []string{"mailgun.org"}},
	{"Postmark", []string{"pm"}, []string{"spf.mtasv.net"}, nil},
	{"Amazon SES", []string{"amazonses", "ses"}, []string{"amazonses.com"}, []string{"amazonaws.com"}},
	{"SparkPost", []string{"sparkpost"}, []string{"sparkpostmail.com"}, nil},
	{"Mailjet", []string{"mailjet"}, []string{"spf.mailjet.com"}, nil},
	{"Brevo", []string{"brevo1", "brevo2", "mail", "sib"}, []string{"sendinblue.com", "brevo.com"}, nil},
	{"Klaviyo", []string{"kl", "kl2"}, nil, nil},
	{"HubSpot", []string{"hs1", "hs2"}, []string{"hubspotemail.net"}, nil},
	{"Constant Contact", []string{"ctct1", "ctct2"}, []string{"ccsend.com"}, nil},
	{"Campaign Monitor", []string{"cm"}, []string{"createsend.com"}, nil},
	{"MailerLite", []string{"ml", "litesrv"}, []string{"mlsend.com"}, nil},
	{"Salesforce", []string{"et", "sfmc"}, []string{"exacttarget.com", "salesforce.com"}, nil},
	{"Zendesk", []string{"zendesk1", "zendesk2"}, []string{"mail.zendesk.com"}, nil},
	{"Freshdesk", []string{"freshdesk", "fd"}, []string{"freshdesk.com"}, nil},
	{"Mimecast", []string{"mimecast"}, []string{"mimecast.com"}, []string{"mimecast.com"}},
	{"Proofpoint", []string{"pp1", "proofpoint"}, []string{"pphosted.com"}, []string{"pphosted.com"}},
	{"Qualtrics", []string{"qualtrics"}, nil, nil},
	{"Everlytic", []string{"everlytickey1", "everlytickey2", "eversrv"}, nil, nil},
	{"Resend", []string{"resend"}, nil, nil},
	{"SMTP2GO", []string{"smtp2go"}, []string{"spf.smtp2go.com"}, nil},
}

// customary are names that administrators choose.
var customary = []string{
	"default", "mail", "dkim", "s1024", "s2048", "email", "smtp", "selector", "key1", "key2", "mxvault", "x", "s", "mx",
	"2024", "2025", "2026",
}

// selectorsFor returns the selectors worth asking for, each once: the ones that
// the user named, those of vendors that the domain's SPF policy or MX shows, the
// customary ones, those of the other vendors. The first of them, expected in
// number, have evidence for them.
func selectorsFor(named []string, policy *spf.Node, hosts []MXHost) (selectors []string, expected int) {
	names := policyDomains(policy)
	for _, h := range hosts {
		names = append(names, "mx:"+h.Name)
	}
	var shown, others []string
	for _, v := range vendors {
		if v.shownBy(names) {
			shown = append(shown, v.selectors...)
		} else {
			others = append(others, v.selectors...)
		}
	}
	seen := map[string]bool{}
	add := func(list []string) {
		for _, s := range list {
			if key := strings.ToLower(s); !seen[key] {
				seen[key] = true
				selectors = append(selectors, s)
			}
		}
	}
	add(named)
	add(shown)
	expected = len(selectors)
	add(customary)
	add(others)
	return selectors, expected
}

// policyDomains returns the domains that a policy includes or redirects to.
func policyDomains(policy *spf.Node) []string {
	var names []string
	if policy == nil {
		return nil
	}
	policy.Walk(func(_ *spf.Node, b *spf.Branch) {
		if b.Target != "" {
			names = append(names, b.Target)
		}
	})
	return names
}

func (v vendor) shownBy(names []string) bool {
	for _, name := range names {
		ends := v.includes
		if host, ok := strings.CutPrefix(name, "mx:"); ok {
			name, ends = host, v.mx
		}
		for _, end := range ends {
			if dns.Within(name, end) {
				return true
			}
		}
	}
	return false
}
