package verdict

import "github.com/postmuster/postmuster/checks"

// What the mailbox providers publish, as read on 2026-11-20. An update is a
// change of this table alone.
const (
	gmailPage     = "https://support.google.com/mail/answer/81126"
	yahooPage     = "https://senders.yahooinc.com/best-practices/"
	microsoftPage = "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730"
	applePage     = "https://support.apple.com/en-us/102322"
)

// Checks that ask the same of a domain and of a message stand side by side: a
// subject has results of one kind only.
var (
	spfWorks  = []string{"spf-present", "spf-multiple-records", "spf-syntax", "spf-lookup-limit", "spf-include-missing", "spf-fail", "spf-softfail", "spf-neutral", "spf-none", "spf-permerror"}
	dkimWorks = []string{"dkim-present", "dkim-selector-missing", "dkim-key-syntax", "dkim-missing", "dkim-invalid", "dkim-from-not-signed"}
	keyLength = []string{"dkim-key-weak", "dkim-key-short"}
	published = []string{"dmarc-present", "dmarc-multiple-records", "dmarc-syntax", "dmarc-missing"}
	aligned   = []string{"dmarc-fail", "dmarc-fail-enforced"}
	named     = []string{"ptr-sender", "client-ptr-missing", "client-ptr-unconfirmed"}
	format    = []string{
		"from-missing", "from-multiple-headers", "from-multiple-addresses", "from-invalid", "header-duplicate-unique",
		"message-id-missing", "message-id-malformed", "date-missing", "date-invalid",
	}
	oneClick = []string{"list-unsubscribe-missing", "one-click-missing", "dkim-list-unsub-not-signed"}

	bulk = []checks.Profile{checks.Marketing, checks.Sender, checks.SendOnly}
	mass = []checks.Profile{checks.Marketing}
	mail = []checks.Profile{checks.Transactional, checks.Marketing}
	send = []checks.Profile{checks.Transactional, checks.Marketing, checks.Sender, checks.SendOnly}
)

var providerRules = []struct {
	name  string
	rules []rule
}{
	{"gmail", []rule{
		{id: "gmail-spf-or-dkim", title: "SPF or DKIM", either: [][]string{spfWorks, dkimWorks}, profiles: send, reply: "550-5.7.26", source: gmailPage},
		{id: "gmail-spf", title: "SPF, for bulk senders", either: [][]string{spfWorks}, profiles: bulk, reply: "421-4.7.27", source: gmailPage},
		{id: "gmail-dkim", title: "DKIM, for bulk senders", either: [][]string{dkimWorks}, profiles: bulk, reply: "421-4.7.30", source: gmailPage},
		{id: "gmail-dkim-key", title: "a DKIM key of 1024 bits or more", either: [][]string{keyLength}, profiles: send, reply: "550-5.7.26", source: gmailPage},
		{id: "gmail-dmarc", title: "a DMARC record, for bulk senders", either: [][]string{published}, profiles: bulk, reply: "421-4.7.31", source: gmailPage},
		{id: "gmail-dmarc-alignment", title: "From aligned with SPF or DKIM", either: [][]string{aligned}, profiles: mail, reply: "421-4.7.32", source: gmailPage},
		{id: "gmail-ptr", title: "reverse DNS that leads back", either: [][]string{named}, profiles: send, reply: "550-5.7.25", source: gmailPage},
		{id: "gmail-tls", title: "TLS", either: [][]string{{"smtp-no-tls"}}, profiles: mail, reply: "550-5.7.29", source: gmailPage},
		{id: "gmail-format", title: "the format of RFC 5322", either: [][]string{format}, profiles: mail, reply: "550-5.7.1", source: gmailPage},
		{id: "gmail-one-click", title: "one-click unsubscription", either: [][]string{oneClick}, profiles: mass, source: gmailPage},
		{id: "gmail-spam-rate", title: "a spam rate below 0.3 %", profiles: send, reply: "421-4.7.28", source: gmailPage},
	}},
	{"yahoo", []rule{
		{id: "yahoo-spf-or-dkim", title: "SPF or DKIM", either: [][]string{spfWorks, dkimWorks}, profiles: send, source: yahooPage},
		{id: "yahoo-spf", title: "SPF, for bulk senders", either: [][]string{spfWorks}, profiles: bulk, source: yahooPage},
		{id: "yahoo-dkim", title: "DKIM, for bulk senders", either: [][]string{dkimWorks}, profiles: bulk, source: yahooPage},
		{id: "yahoo-dkim-key", title: "a DKIM key of 1024 bits or more", either: [][]string{keyLength}, profiles: send, source: yahooPage},
		{id: "yahoo-dmarc", title: "a DMARC record, for bulk senders", either: [][]string{published}, profiles: bulk, source: yahooPage},
		{id: "yahoo-dmarc-pass", title: "DMARC passes", either: [][]string{aligned}, profiles: mail, source: yahooPage},
		{id: "yahoo-ptr", title: "reverse DNS that leads back", either: [][]string{named}, profiles: send, source: yahooPage},
		{id: "yahoo-format", title: "the format of RFC 5322", either: [][]string{format}, profiles: mail, source: yahooPage},
		{id: "yahoo-one-click", title: "one-click unsubscription", either: [][]string{oneClick}, profiles: mass, source: yahooPage},
		{id: "yahoo-spam-rate", title: "a spam rate below 0.3 %", profiles: send, source: yahooPage},
	}},
	{"microsoft", []rule{
		{id: "microsoft-spf", title: "SPF passes", either: [][]string{spfWorks}, profiles: send, reply: "550 5.7.515", source: microsoftPage},
		{id: "microsoft-dkim", title: "DKIM passes", either: [][]string{dkimWorks}, profiles: send, reply: "550 5.7.515", source: microsoftPage},
		{id: "microsoft-dmarc", title: "a DMARC record", either: [][]string{published}, profiles: send, reply: "550 5.7.515", source: microsoftPage},
		{id: "microsoft-dmarc-alignment", title: "From aligned with SPF or DKIM", either: [][]string{aligned}, profiles: mail, reply: "550 5.7.509", source: microsoftPage},
		{id: "microsoft-from", title: "a From address that takes replies", either: [][]string{{"from-domain-no-mx", "mx-present", "mx-any-target"}}, profiles: send, source: microsoftPage},
	}},
	{"apple", []rule{
		{id: "apple-spf", title: "SPF", either: [][]string{spfWorks}, profiles: send, source: applePage},
		{id: "apple-dkim", title: "DKIM", either: [][]string{dkimWorks}, profiles: send, source: applePage},
		{id: "apple-dmarc", title: "a DMARC record", either: [][]string{published}, profiles: send, source: applePage},
		{id: "apple-ptr", title: "reverse DNS", either: [][]string{named}, profiles: send, source: applePage},
		{id: "apple-format", title: "the format of RFC 5322", either: [][]string{format}, profiles: mail, source: applePage},
		{id: "apple-unsubscribe", title: "a way to unsubscribe", either: [][]string{{"list-unsubscribe-missing"}}, profiles: mass, source: applePage},
	}},
}
