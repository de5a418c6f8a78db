package dnsbl

import "github.com/postmuster/postmuster/internal/dns"

// A Dead is a zone that must not be asked any more.
type Dead struct {
	Zone   string `json:"zone"` // and every name below it
	Reason string `json:"reason"`
	Source string `json:"source"`
}

// IsDead reports whether a zone is on the deny list.
func IsDead(zone string) (Dead, bool) {
	for _, d := range deadTable {
		if dns.Within(zone, d.Zone) {
			return d, true
		}
	}
	return Dead{}, false
}

// deadTable holds the lists that closed, that expired and now list the world, or
// of which no sign of life was found though configurations still name them.
var deadTable = []Dead{
	{"sorbs.net", "closed on 2024-06-05 and emptied", "pull request 5901 of mailcow"},
	{"ix.dnsbl.manitu.net", "closed on 2025-01-16 and emptied", "issue 5299 of rspamd"},
	{"bl.spamcannibal.org", "its domain expired on 2019-05-30, and everything is listed", "issues 18 and 27 of check_rbl"},
	{"cbl.abuseat.org", "merged into the XBL of zen.spamhaus.org", "pull request 31 of blcheck"},
	{"ahbl.org", "closed; everything is listed since 2015-01-01", dnsblCom},
	{"njabl.org", "closed", "rollernet.us"},
	{"rfc-ignorant.org", "closed in November 2012", "rollernet.us"},
	{"dsbl.org", "closed in 2008", "vamsoft.com"},
	{"dnsbl.inps.de", "closed on 2020-05-25", dnsblCom},
	{"bl.emailbasura.org", "its domain expired in October 2019, and everything is listed", dnsblCom},
	{"megarbl.net", "its domain expired on 2019-11-25, and everything is listed", dnsblCom},
	{"dul.ru", "its domain is for sale since 2015, and everything is listed", dnsblCom},
	{"msrbl.net", "its domain expired twice, and everything was listed", dnsblCom},
	{"ubl.unsubscore.com", "reported to be gone", dnsblCom},
	{"ubl.lashback.com", "reported to be gone", dnsblCom},
	{"dnsbl.burnt-tech.com", "its domain expired, and everything is listed", dnsblCom},
	{"spam.abuse.ch", "gone for years", abuseCh},
	{"drone.abuse.ch", "gone for years", abuseCh},
	{"combined.abuse.ch", "gone for years", abuseCh},
	{"dnsbl.cyberlogic.net", "listed everything in 2018", "issue 17 of check_rbl"},
	{"nszones.com", "copies the data of others, and is no list of its own", "a statement of Spamhaus; issue 18 of blcheck"},

	{"blackholes.five-ten-sg.com", noLife, oldLists},
	{"korea.services.net", noLife, oldLists},
	{"countries.nerd.dk", noLife, oldLists},
	{"dnsbl.net.au", noLife, oldLists},
	{"aupads.org", noLife, oldLists},
	{"db.wpbl.info", noLife, oldLists},
	{"virbl.bit.nl", noLife, oldLists},
	{"virbl.dnsbl.bit.nl", noLife, oldLists},
	{"wormrbl.imp.ch", "moved to swinog.ch", oldLists},
	{"spamrbl.imp.ch", "moved to swinog.ch", oldLists},
	{"swl.spamhaus.org", noLife, oldLists},
}

const (
	dnsblCom = "dnsbl.com"
	abuseCh  = "issue 2744 of rspamd"
	noLife   = "no sign of life was found"
	oldLists = "still named by lists of blocklists"
)
