package dnsbl

import (
	"regexp"
	"strings"
)

// keyedName is a name in a zone that is asked with a customer's key: the key is
// the label before the zone.
var keyedName = func() *regexp.Regexp {
	var zones []string
	for _, z := range zoneTable {
		if z.KeyZone != "" {
			zones = append(zones, regexp.QuoteMeta(z.KeyZone))
		}
	}
	return regexp.MustCompile(`(?i)[a-z0-9_-]+(\.(?:` + strings.Join(zones, "|") + `))`)
}()

// HideKeys takes customers' keys out of the names in a text: they would let
// others ask in the customer's name, and logs get published.
func HideKeys(text string) string { return keyedName.ReplaceAllString(text, "KEY$1") }
