package message

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Date is the value of a Date field.
type Date struct {
	Time    time.Time // zero unless Valid
	Valid   bool      // it is a date-time, be it an obsolete one
	Defects []Defect
}

var (
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	months   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

	// Zones of obs-zone in hours (RFC 5322 §4.3). A military letter means
	// -0000, because RFC 822 had their signs wrong.
	namedZones = map[string]int{
		"ut": 0, "gmt": 0, "z": 0, "utc": 0,
		"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	}
)

// The range of offsets that clocks on earth show.
const (
	minZone = -12 * 60 * 60
	maxZone = 14 * 60 * 60
)

// ParseDate reads a date-time, obsolete forms included (RFC 5322 §3.3, §4.3).
func ParseDate(value string) Date {
	var d Date
	if t, ok := d.parse(dateFields(value)); ok {
		d.Time, d.Valid = t, true
	} else {
		d.Defects = nil
		d.report(DateSyntax, value)
	}
	return d
}

func (d *Date) report(kind Kind, detail string) {
	d.Defects = append(d.Defects, Defect{Kind: kind, Count: 1, Detail: excerpt([]byte(detail))})
}

// maxDateFields is more than any date-time has; a longer value is none.
const maxDateFields = 16

// dateFields divides a value into words; commas and colons stand alone.
func dateFields(value string) []string {
	s := scanner{s: value}
	var fields []string
	for s.skipCFWS(); !s.done() && len(fields) < maxDateFields; s.skipCFWS() {
		if c := s.peek(); c == ',' || c == ':' {
			s.i++
			fields = append(fields, string(c))
			continue
		}
		word := s.until(" \t\r\n(,:")
		fields = append(fields, word)
	}
	return fields
}

// parse reads [day-of-week ","] day month year hour ":" minute [":" second] zone.
func (d *Date) parse(f []string) (t time.Time, ok bool) {
	weekday := -1
	if len(f) > 1 && f[1] == "," {
		weekday = slices.Index(weekdays, strings.ToLower(f[0]))
		if weekday < 0 {
			return t, false
		}
		f = f[2:]
	}
	if len(f) < 6 || f[4] != ":" {
		return t, false
	}
	day, month := number2(f[0]), 1+slices.Index(months, strings.ToLower(f[1]))
	year, ok := d.year(f[2])
	hour, minute, second := number2(f[3]), number2(f[5]), 0
	f = f[6:]
	if len(f) >= 2 && f[0] == ":" {
		second = number2(f[1])
		f = f[2:]
	}
	if !ok || len(f) != 1 || day < 1 || month < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return t, false // 60 is a leap second (RFC 5322 §3.3)
	}
	offset, ok := d.zone(f[0])
	if !ok {
		return t, false
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.FixedZone("", offset))
	if date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); date.Day() != day {
		return t, false // 31 June
	} else if weekday >= 0 && date.Weekday() != time.Weekday(weekday) {
		d.report(DateWeekday, weekdays[weekday])
	}
	return t, true
}

// number2 reads one or two digits; -1 for anything else.
func number2(s string) int {
	if len(s) < 1 || len(s) > 2 || !isDigits(s) {
		return -1
	}
	n, _ := strconv.Atoi(s)
	return n
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// year reads a year, with the two and three digits of RFC 5322 §4.3.
func (d *Date) year(s string) (int, bool) {
	if len(s) < 2 || len(s) > 4 || !isDigits(s) {
		return 0, false
	}
	n, _ := strconv.Atoi(s)
	switch {
	case len(s) == 4:
		return n, n >= 1900
	case len(s) == 2 && n < 50:
		n += 2000
	default:
		n += 1900
	}
	d.report(DateObsolete, "year "+s)
	return n, true
}

// zone reads +hhmm or an obsolete name, and returns seconds east of UTC.
func (d *Date) zone(s string) (int, bool) {
	if len(s) == 5 && (s[0] == '+' || s[0] == '-') && isDigits(s[1:]) {
		n, _ := strconv.Atoi(s[1:])
		seconds := (n/100*60 + n%100) * 60
		if s[0] == '-' {
			seconds = -seconds
		}
		if n%100 > 59 || seconds < minZone || seconds > maxZone {
			d.report(DateZone, s)
		}
		return seconds, true
	}
	name := strings.ToLower(s)
	hours, known := namedZones[name]
	letter := len(name) == 1 && name[0] >= 'a' && name[0] <= 'z' && name != "j"
	if !known && !letter {
		return 0, false
	}
	d.report(DateObsolete, "zone "+s)
	return hours * 60 * 60, true
}
