package dnsbl

var (
	addresses = []Kind{KindIPv4, KindIPv6}
	onlyV4    = []Kind{KindIPv4}
	domains   = []Kind{KindDomain}
)

// known are the lists that are maintained, as their operators' pages and the
// configurations of widely used filters described them in November 2026.
var known = []Zone{
	{
		Name: "zen.spamhaus.org", Kinds: addresses, Effect: EffectBlock, RefusesPublic: true, KeyZone: "zen.dq.spamhaus.net",
		Codes: []Code{
			{Addr: "127.0.0.2", Meaning: "SBL: a source of spam"},
			{Addr: "127.0.0.3", Meaning: "CSS: a source of spam, found automatically"},
			{Addr: "127.0.0.4-7", Meaning: "XBL: a compromised machine"},
			{Addr: "127.0.0.9", Meaning: "DROP: a network of criminals"},
			{Addr: "127.0.0.10-11", Meaning: "PBL: an address that should not send mail itself"},
		},
		Removal: "https://check.spamhaus.org/", Source: "https://www.spamhaus.org/faqs/dnsbl-usage/",
	},
	{
		Name: "bl.spamcop.net", Kinds: onlyV4, Effect: EffectBlock,
		Codes:   []Code{{Addr: "127.0.0.2", Meaning: "reported by SpamCop's users"}},
		Removal: "https://www.spamcop.net/bl.shtml", Source: "https://www.spamcop.net/bl.shtml",
	},
	{
		Name: "psbl.surriel.com", Kinds: onlyV4, Effect: EffectBlock,
		Codes:   []Code{{Addr: "127.0.0.2", Meaning: "sent mail to a spam trap"}},
		Removal: "https://psbl.org/remove", Source: "https://psbl.org/",
	},
	{
		Name: "bl.mailspike.net", Kinds: onlyV4, Effect: EffectBlock,
		Codes: []Code{
			{Addr: "127.0.0.2", Meaning: "part of a distributed spam wave"},
			{Addr: "127.0.0.10-12", Meaning: "bad reputation"},
		},
		Removal: "https://mailspike.io/ip_verify", Source: "https://mailspike.io/usage",
	},
	{Name: "bl.blocklist.de", Kinds: addresses, Effect: EffectInfo, Removal: "https://www.blocklist.de/en/delist.html", Source: "https://www.blocklist.de/en/rbldns.html"},
	{
		Name: "dnsbl-1.uceprotect.net", Kinds: onlyV4, Effect: EffectInfo,
		Codes:  []Code{{Addr: "127.0.0.2", Meaning: "level 1: a single address"}},
		Source: "https://www.uceprotect.net/en/index.php?m=6&s=10", Removal: "https://www.uceprotect.net/en/rblcheck.php",
	},
	{
		Name: "dnsbl-2.uceprotect.net", Kinds: onlyV4, Effect: EffectInfo, Note: "lists whole allocations",
		Codes:  []Code{{Addr: "127.0.0.2", Meaning: "level 2: the allocation that the address lies in"}},
		Source: "https://www.uceprotect.net/en/index.php?m=6&s=10", Removal: "https://www.uceprotect.net/en/rblcheck.php",
	},
	{
		Name: "dnsbl-3.uceprotect.net", Kinds: onlyV4, Effect: EffectInfo, Note: "lists whole networks",
		Codes:  []Code{{Addr: "127.0.0.2", Meaning: "level 3: the network that the address lies in"}},
		Source: "https://www.uceprotect.net/en/index.php?m=6&s=10", Removal: "https://www.uceprotect.net/en/rblcheck.php",
	},
	{
		Name: "dbl.spamhaus.org", Kinds: domains, Effect: EffectBlock, RefusesPublic: true, KeyZone: "dbl.dq.spamhaus.net",
		TestDomain: "dbltest.com",
		Codes: []Code{
			{Addr: "127.0.1.2", Meaning: "spam"},
			{Addr: "127.0.1.4", Meaning: "phishing"},
			{Addr: "127.0.1.5", Meaning: "malware"},
			{Addr: "127.0.1.6", Meaning: "botnet command and control"},
			{Addr: "127.0.1.102-106", Meaning: "a legitimate domain that is being abused"},
			{Addr: "127.0.1.255", Meaning: "addresses may not be asked for", Effect: EffectError},
		},
		Removal: "https://check.spamhaus.org/", Source: "https://www.spamhaus.org/faqs/domain-blocklist/",
	},
	{
		Name: "multi.surbl.org", Kinds: domains, Effect: EffectBlock, TestDomain: "test.surbl.org",
		Bits: []Bit{
			{Mask: 1, Meaning: "the query was refused", Effect: EffectError},
			{Mask: 8, Meaning: "phishing"}, {Mask: 16, Meaning: "malware"}, {Mask: 64, Meaning: "abuse"}, {Mask: 128, Meaning: "cracked"},
		},
		Removal: "https://surbl.org/surbl-analysis", Source: "https://surbl.org/lists",
	},
	{
		Name: "multi.uribl.com", Kinds: domains, Effect: EffectBlock, RefusesPublic: true, TestDomain: "test.uribl.com",
		Bits: []Bit{
			{Mask: 1, Meaning: "the query was refused", Effect: EffectError},
			{Mask: 2, Meaning: "black"}, {Mask: 4, Meaning: "grey", Effect: EffectInfo}, {Mask: 8, Meaning: "red", Effect: EffectInfo},
		},
		Removal: "https://admin.uribl.com/", Source: "https://uribl.com/about.shtml",
	},
	{Name: "b.barracudacentral.org", Kinds: onlyV4, Effect: EffectBlock, Registered: true, Codes: []Code{{Addr: "127.0.0.2", Meaning: "poor reputation"}}, Removal: "https://www.barracudacentral.org/rbl/removal-request", Source: "https://www.barracudacentral.org/rbl/how-to-use"},
	{Name: "combined.mail.abusix.zone", Kinds: addresses, Effect: EffectBlock, NeedsKey: true, KeyZone: "combined.mail.abusix.zone", Removal: "https://lookup.abusix.com/", Source: "https://abusix.com/"},
	{
		Name: "bl.score.senderscore.com", Kinds: onlyV4, Effect: EffectInfo, Registered: true, Source: "https://knowledge.validity.com/",
	},
	{
		Name: "list.dnswl.org", Kinds: addresses, Effect: EffectAllow, Registered: true, Source: "https://www.dnswl.org/?page_id=15",
		Codes: []Code{
			{Addr: "127.0.0.255", Meaning: "too many queries", Effect: EffectError},
			{Addr: "127.0.10.*", Meaning: "too many queries", Effect: EffectError},
			{Addr: "127.0.*.0", Meaning: "trusted not at all"}, {Addr: "127.0.*.1", Meaning: "trusted a little"},
			{Addr: "127.0.*.2", Meaning: "trusted"}, {Addr: "127.0.*.3", Meaning: "trusted highly"},
		},
	},
}

// dead are zones that were closed, or whose names belong to others: asking them
// tells nothing, or lists the world.
var dead = []Dead{
	{"sorbs.net", "decommissioned on 2024-06-05", "MailCleaner issue 614"},
	{"ix.dnsbl.manitu.net", "shut on 2025-01-16", "rspamd issue 5299"},
	{"bl.spamcannibal.org", "expired; it listed the world in 2018 and 2019", "check_rbl issues 18 and 27"},
	{"cbl.abuseat.org", "merged into zen.spamhaus.org", "rspamd pull request 112"},
	{"ahbl.org", "closed; it lists the world since 2015-01-01", "dnsbl.com"},
	{"njabl.org", "closed", "rollernet.us"},
	{"rfc-ignorant.org", "closed in 2012", "rollernet.us"},
	{"dsbl.org", "offline since 2008", "vamsoft"},
	{"dnsbl.inps.de", "closed on 2020-05-25", "dnsbl.com"},
	{"bl.emailbasura.org", "expired in 2019; it lists the world", "check_rbl issue 38"},
	{"megarbl.net", "expired on 2019-11-25; it lists the world", "dnsbl.com"},
	{"dul.ru", "for sale since 2015; it lists the world", "dnsbl.com"},
	{"msrbl.net", "expired twice, listing the world", "dnsbl.com"},
	{"ubl.unsubscore.com", "offline", "dnsbl.com"},
	{"ubl.lashback.com", "offline", "dnsbl.com"},
	{"dnsbl.burnt-tech.com", "expired; it lists the world", "dnsbl.com"},
	{"abuse.ch", "its mail lists are down", "rspamd issue 2744"},
	{"dnsbl.cyberlogic.net", "it answered positively to everything in 2018", "check_rbl issue 17"},
	{"nszones.com", "a list of other lists' data", "rspamd pull request 111"},
}
