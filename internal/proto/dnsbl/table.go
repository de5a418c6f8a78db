package dnsbl

// zoneTable is data: what each list is, and what its answers mean. EffectBlock
// is for lists that common filters act on by themselves; EffectInfo for those
// that only add to a score, or that list whole networks.
var zoneTable = []Zone{
	{
		Name: "zen.spamhaus.org", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectBlock, Codes: zenCodes,
		KeyZone: "zen.dq.spamhaus.net", RefusesPublic: true, Removal: "https://check.spamhaus.org/",
		Note: "free for low volume through a resolver of one's own whose address has a name", Source: spamhausSource,
	},
	{
		Name: "dbl.spamhaus.org", Kinds: []Kind{KindDomain}, Effect: EffectBlock, TestDomain: "dbltest.com", Codes: dblCodes,
		KeyZone: "dbl.dq.spamhaus.net", RefusesPublic: true, Removal: "https://check.spamhaus.org/",
		Note: "free for low volume through a resolver of one's own whose address has a name", Source: spamhausSource,
	},
	{
		Name: "zrd.dq.spamhaus.net", Kinds: []Kind{KindDomain}, Effect: EffectBlock, Codes: zrdCodes,
		NeedsKey: true, KeyZone: "zrd.dq.spamhaus.net", Source: spamhausSource,
	},
	{
		Name: "authbl.dq.spamhaus.net", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectInfo,
		Codes:    []Code{{"127.0.0.20", "AuthBL: tries stolen credentials", ""}},
		NeedsKey: true, KeyZone: "authbl.dq.spamhaus.net", Source: spamhausSource,
	},
	{
		Name: "bl.spamcop.net", Kinds: []Kind{KindIPv4}, Effect: EffectBlock,
		Codes: []Code{{"127.0.0.2", "reported by users", ""}}, Removal: "https://www.spamcop.net/bl.shtml",
		Note: "listings expire a day after the last report", Source: "https://www.spamcop.net/",
	},
	{
		Name: "b.barracudacentral.org", Kinds: []Kind{KindIPv4}, Effect: EffectBlock, Registered: true,
		Codes: []Code{{"127.0.0.2", "poor reputation", ""}}, Removal: "https://www.barracudacentral.org/rbl/removal-request",
		Note: "the resolver's address must be registered", Source: "https://www.barracudacentral.org/rbl/how-to-use",
	},
	{
		Name: "psbl.surriel.com", Kinds: []Kind{KindIPv4}, Effect: EffectBlock,
		Codes: []Code{{"127.0.0.2", "sent to a spam trap", ""}}, Removal: "https://psbl.org/remove", Source: "https://psbl.org/",
	},
	{
		Name: "bl.mailspike.net", Kinds: []Kind{KindIPv4}, Effect: EffectBlock, Codes: mailspikeCodes,
		Removal: "https://mailspike.io/ip_verify", Source: "https://mailspike.io/",
	},
	{
		Name: "rep.mailspike.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Codes: mailspikeCodes, Unasked: true,
		Note: "a reputation, not only a blocklist", Source: "https://mailspike.io/",
	},
	{
		Name: "wl.mailspike.net", Kinds: []Kind{KindIPv4}, Effect: EffectAllow, Codes: mailspikeCodes, NoTestPoint: true, Unasked: true,
		Source: "https://mailspike.io/",
	},
	{
		Name: "bl.spameatingmonkey.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Removal: "https://spameatingmonkey.com/lookup",
		Note: "more than 100,000 queries a day or 5 a second need an agreement", Source: "https://spameatingmonkey.com/services",
	},
	{
		Name: "uribl.spameatingmonkey.net", Kinds: []Kind{KindDomain}, Effect: EffectInfo, TestDomain: "_DNSBL_.test", MissingDomain: "_DNSBLNEG_.test",
		Codes: []Code{{"127.0.0.2", "seen in spam", ""}}, Removal: "https://spameatingmonkey.com/lookup", Source: "https://spameatingmonkey.com/services",
	},
	{
		Name: "bl.blocklist.de", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Removal: "https://www.blocklist.de/en/delist.html",
		Note: "addresses that attacked a server within two days", Source: "https://www.blocklist.de/en/rbldns.html",
	},
	{
		Name: "bip.virusfree.cz", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Codes: []Code{{"127.0.0.2", "sends for a botnet", ""}},
		Source: "rbl.conf of rspamd",
	},
	{
		Name: "dnsbl.dronebl.org", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Removal: "https://dronebl.org/lookup",
		Note: "made for chat networks: proxies and infected hosts", Source: "https://dronebl.org/",
	},
	{
		Name: "dnsbl-1.uceprotect.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo,
		Codes: []Code{{"127.0.0.2", "level 1: the address", ""}}, Removal: "https://www.uceprotect.net/en/", Source: "https://www.uceprotect.net/en/",
	},
	{
		Name: "dnsbl-2.uceprotect.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Codes: []Code{{"127.0.0.2", "level 2: the allocation that holds the address", ""}},
		Note: "lists whole networks", Source: "https://www.uceprotect.net/en/",
	},
	{
		Name: "dnsbl-3.uceprotect.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Codes: []Code{{"127.0.0.2", "level 3: the provider that holds the address", ""}},
		Note: "lists whole networks", Source: "https://www.uceprotect.net/en/",
	},
	{
		Name: "ips.backscatterer.org", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Codes: []Code{{"127.0.0.2", "sends bounces or callouts to forged senders", ""}},
		Source: "https://www.backscatterer.org/",
	},
	{Name: "black.mail.abusix.zone", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectBlock, NeedsKey: true, KeyZone: "black.mail.abusix.zone", Source: "https://abusix.com/"},
	{Name: "combined.mail.abusix.zone", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectBlock, NeedsKey: true, KeyZone: "combined.mail.abusix.zone", Source: "https://abusix.com/"},
	{Name: "dynamic.mail.abusix.zone", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectInfo, NeedsKey: true, KeyZone: "dynamic.mail.abusix.zone", Source: "https://abusix.com/"},
	{Name: "exploit.mail.abusix.zone", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectBlock, NeedsKey: true, KeyZone: "exploit.mail.abusix.zone", Source: "https://abusix.com/"},
	{
		Name: "bl.score.senderscore.com", Kinds: []Kind{KindIPv4}, Effect: EffectBlock, Registered: true,
		Note: "needs a MyValidity registration", Source: "rbl.conf of rspamd",
	},
	{
		Name: "score.senderscore.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Registered: true, NoTestPoint: true,
		Codes: []Code{{"127.0.4.*", "a score: the last octet, of 100", ""}},
		Note:  "needs a MyValidity registration", Source: "rbl.conf of rspamd",
	},
	{
		Name: "hostkarma.junkemailfilter.com", Kinds: []Kind{KindIPv4, KindDomain}, Effect: EffectInfo, Unasked: true, NoTestPoint: true,
		Codes:  []Code{{"127.0.0.1", "white", EffectAllow}, {"127.0.0.2", "black", ""}, {"127.0.0.4", "brown", ""}, {"127.0.1.2", "black", ""}},
		Source: "https://junkemailfilter.com/",
	},
	{
		Name: "multi.surbl.org", Kinds: []Kind{KindDomain}, Effect: EffectBlock, Bits: surblBits, TestDomain: "surbl-org-permanent-test-point.com",
		RefusesPublic: true, Removal: "https://surbl.org/surbl-analysis", Source: "https://surbl.org/lists",
	},
	{
		Name: "multi.uribl.com", Kinds: []Kind{KindDomain}, Effect: EffectBlock, Bits: uriblBits, TestDomain: "test.uribl.com",
		RefusesPublic: true, Removal: "https://admin.uribl.com/", Source: "https://uribl.com/about.shtml",
	},
	{
		Name: "list.dnswl.org", Kinds: []Kind{KindIPv4, KindIPv6}, Effect: EffectAllow, Codes: dnswlCodes, NoTestPoint: true, RefusesPublic: true,
		Source: "https://www.dnswl.org/",
	},
	{
		Name: "dwl.dnswl.org", Kinds: []Kind{KindDomain}, Effect: EffectAllow, Codes: dnswlCodes, NoTestPoint: true, Unasked: true, RefusesPublic: true,
		Source: "https://www.dnswl.org/",
	},
	{
		Name: "iadb.isipp.com", Kinds: []Kind{KindIPv4}, Effect: EffectAllow, NoTestPoint: true, Unasked: true,
		Codes:  []Code{{"127.0.1.255", "vouched for", ""}},
		Source: "https://www.isipp.com/",
	},

	{Name: "bl.0spam.org", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},
	{Name: "rbl.0spam.org", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: testedSource},
	{Name: "dnsbl.zapbl.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},
	{Name: "rhsbl.zapbl.net", Kinds: []Kind{KindDomain}, Effect: EffectInfo, NoTestPoint: true, Source: testedSource},
	{Name: "bl.suomispam.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},
	{Name: "bl.scientificspam.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},
	{Name: "rhsbl.scientificspam.net", Kinds: []Kind{KindDomain}, Effect: EffectInfo, Source: testedSource},
	{Name: "dnsrbl.swinog.ch", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},
	{Name: "uribl.swinog.ch", Kinds: []Kind{KindDomain}, Effect: EffectInfo, NoTestPoint: true, Source: testedSource},
	{Name: "dnsbl.kempt.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Source: testedSource},

	{Name: "all.s5h.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "bl.nordspam.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "dbl.nordspam.com", Kinds: []Kind{KindDomain}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "spam.dnsbl.anonmails.de", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "dyna.spamrats.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "noptr.spamrats.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "spam.spamrats.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "auth.spamrats.com", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "rbl.interserver.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
	{Name: "truncate.gbudb.net", Kinds: []Kind{KindIPv4}, Effect: EffectInfo, Unasked: true, Source: untestedSource},
}

const (
	// Test points, codes and what they mean.
	spamhausSource = "https://docs.spamhaus.com/datasets/docs/source/10-data-type-documentation/datasets/040-zones.html"
	testedSource   = "alive by the look-ups of RFC 5782 §5 on 2026-04-24 (pull request 115 of wraps)"
	untestedSource = "named as alive by blocklist checkers; not seen since"
)

var zenCodes = []Code{
	{"127.0.0.2", "SBL: spam source or its support", ""},
	{"127.0.0.3", "CSS: low-reputation sender", ""},
	{"127.0.0.4-7", "XBL: infected or abused host", ""},
	{"127.0.0.9", "DROP: hijacked or criminal network", ""},
	{"127.0.0.10", "PBL: its provider says that it sends no mail directly", ""},
	{"127.0.0.11", "PBL: Spamhaus says that it sends no mail directly", ""},
	{"127.0.0.30", "BCL: commands a botnet", ""},
}

var dblCodes = []Code{
	{"127.0.1.2", "spam domain, or one of low reputation", ""},
	{"127.0.1.4", "phishing domain", ""},
	{"127.0.1.5", "malware domain", ""},
	{"127.0.1.6", "botnet command domain", ""},
	{"127.0.1.102", "legitimate domain, abused for spam", ""},
	{"127.0.1.103", "redirector, abused for spam", ""},
	{"127.0.1.104", "legitimate domain, abused for phishing", ""},
	{"127.0.1.105", "legitimate domain, abused for malware", ""},
	{"127.0.1.106", "legitimate domain, abused for botnet command", ""},
	{"127.0.1.255", "it lists no addresses", EffectError},
}

var zrdCodes = []Code{
	{"127.0.2.2-24", "domain first seen within a day: the last octet, in hours", ""},
	{"127.0.2.255", "it lists no addresses", EffectError},
}

var mailspikeCodes = []Code{
	{"127.0.0.2", "listed", ""},
	{"127.0.0.10", "worst reputation", EffectBlock},
	{"127.0.0.11", "very bad reputation", EffectBlock},
	{"127.0.0.12", "bad reputation", EffectBlock},
	{"127.0.0.13-16", "neutral reputation", EffectInfo},
	{"127.0.0.17", "possibly legitimate sender", EffectAllow},
	{"127.0.0.18", "good reputation", EffectAllow},
	{"127.0.0.19", "very good reputation", EffectAllow},
	{"127.0.0.20", "excellent reputation", EffectAllow},
}

var surblBits = []Bit{
	{1, "the query was refused", EffectError},
	{4, "DM: disposable mail", EffectInfo},
	{8, "PH: phishing", ""},
	{16, "MW: malware", ""},
	{32, "CT: click tracker", EffectInfo},
	{64, "ABUSE: spam", ""},
	{128, "CR: cracked site", ""},
}

var uriblBits = []Bit{
	{1, "the query was refused", EffectError},
	{2, "black: spam domain", ""},
	{4, "grey: bulk sender", EffectInfo},
	{8, "red: under observation", EffectInfo},
}

var dnswlCodes = []Code{
	{"127.0.0.255", "the query was refused", EffectError},
	{"127.0.10.*", "too many queries", EffectError},
	{"127.0.*.0", "no trust", ""},
	{"127.0.*.1", "low trust", ""},
	{"127.0.*.2", "medium trust", ""},
	{"127.0.*.3", "high trust", ""},
}
