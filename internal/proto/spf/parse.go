package spf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const version = "v=spf1"

// A TXT record holds up to 64 KiB, which is room for tens of thousands of terms,
// each of them wrong.
const maxIssues = 100

// Parse reads a record. It reads every term, whatever was wrong with an earlier
// one, and also what follows an all.
func Parse(text string) *Record {
	r := &Record{Text: text}
	start := r.readVersion()
	r.Terms = make([]Term, 0, countTerms(text[start:]))
	for i := start; i < len(text); {
		if text[i] == ' ' {
			i++
			continue
		}
		end := len(text)
		if n := strings.IndexByte(text[i:], ' '); n >= 0 {
			end = i + n
		}
		r.readTerm(text[i:end], i)
		i = end
	}
	return r
}

// countTerms lets the terms be allocated at once: there can be 32,000 in 64 KB.
func countTerms(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] != ' ' && (i == 0 || text[i-1] == ' ') {
			n++
		}
	}
	return n
}

// readVersion returns where the terms begin. A text that has no version is read
// as if it had one, so that its terms are judged all the same.
func (r *Record) readVersion() int {
	if IsRecord(r.Text) {
		return len(version)
	}
	body := strings.TrimLeft(r.Text, " \t\r\n\"'")
	lead := len(r.Text) - len(body)
	if IsRecord(body) {
		r.report(CodeLeadingSpace, 0, "", "the text before v=spf1 hides the record from receivers")
		return lead + len(version)
	}
	first, _, _ := strings.Cut(body, " ")
	r.report(CodeVersion, lead, first, "an SPF record begins with v=spf1 and a space")
	if len(first) > 1 && lower(first[0]) == 'v' && first[1] == '=' || strings.HasPrefix(first, "spf2.0") {
		return lead + len(first)
	}
	return lead
}

func (r *Record) report(code Code, position int, term, format string, args ...any) {
	if len(r.Issues) == maxIssues {
		return
	}
	r.Issues = append(r.Issues, Issue{SeverityError, code, fmt.Sprintf(format, args...), position, term})
}

// readTerm appends a term, and what is wrong with it.
func (r *Record) readTerm(text string, position int) {
	r.Terms = append(r.Terms, Term{Text: text, Position: position})
	t := &r.Terms[len(r.Terms)-1]
	err := checkOctets(text)
	if syntax := t.read(); err == nil {
		err = syntax
	}
	if err == nil && (t.Kind == KindRedirect || t.Kind == KindExp) && r.first(t.Kind) != nil {
		err = syntaxErrorf(CodeDuplicateModifier, 0, "%s may appear only once", t.Kind) // RFC 7208 §6
	}
	if err == nil {
		t.Valid = true
		return
	}
	if i := gluedAll(text); i > 0 {
		err = syntaxErrorf(CodeGluedAll, i, "%s needs a space before it", text[i:])
	}
	r.report(err.code, position+err.offset, text, "%s", err.message)
}

// checkOctets finds what may stand nowhere in a term (RFC 7208 §3.1, §4.6.1).
func checkOctets(text string) *syntaxError {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 0x80:
			return syntaxErrorf(CodeNonASCII, i, "octet %#02x is not US-ASCII", c)
		case c < ' ' || c == 0x7f:
			return syntaxErrorf(CodeControl, i, "%q where only spaces may separate terms", c)
		}
	}
	return nil
}

// gluedAll returns where an all begins that is joined to the term before it.
func gluedAll(text string) int {
	i := len(text) - len("-all")
	if i > 0 && strings.EqualFold(text[i+1:], "all") && strings.IndexByte("+-~?", text[i]) >= 0 {
		return i
	}
	return -1
}

// read fills in the term from its text (RFC 7208 §4.6.1).
func (t *Term) read() *syntaxError {
	i := strings.IndexAny(t.Text, "=:/")
	if i >= 0 && t.Text[i] == '=' {
		return t.readModifier(t.Text[:i], t.Text[i+1:])
	}
	t.Qualifier = QualifierPass
	start := 0
	switch q := Qualifier(t.Text[:1]); q {
	case QualifierPass, QualifierFail, QualifierSoftfail, QualifierNeutral:
		t.Qualifier = q
		start = 1
	}
	end := len(t.Text)
	if i >= 0 {
		end = max(i, start)
	}
	t.Name = t.Text[start:end]
	t.Kind = mechanism(t.Name)
	err := t.readArgument(t.Text[end:])
	if err != nil && t.Kind != KindUnknown {
		err.offset += end
	}
	return err
}

func mechanism(name string) Kind {
	for _, kind := range [...]Kind{KindIP4, KindInclude, KindIP6, KindA, KindMX, KindAll, KindExists, KindPTR} {
		if strings.EqualFold(name, string(kind)) {
			return kind
		}
	}
	return KindUnknown
}

// readModifier reads name "=" value (RFC 7208 §6, §12).
func (t *Term) readModifier(name, value string) *syntaxError {
	t.Name = name
	t.Kind = KindModifier
	if !isModifierName(name) {
		return syntaxErrorf(CodeModifierName, 0, "%q cannot be the name of a modifier", name)
	}
	var err *syntaxError
	switch {
	case strings.EqualFold(name, "redirect"):
		t.Kind = KindRedirect
		t.Domain, err = parseDomainSpec(value)
	case strings.EqualFold(name, "exp"):
		t.Kind = KindExp
		t.Domain, err = parseDomainSpec(value)
	default:
		_, _, err = parseMacroString(value, inModifier)
	}
	if err != nil {
		err.offset += len(name) + 1
	}
	return err
}

func isModifierName(name string) bool {
	if name == "" || !isAlpha(name[0]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isAlpha(c) && !isDigit(c) && strings.IndexByte("-_.", c) < 0 {
			return false
		}
	}
	return true
}

// readArgument reads what follows a mechanism's name (RFC 7208 §5).
func (t *Term) readArgument(arg string) *syntaxError {
	switch t.Kind {
	case KindAll:
		if arg != "" {
			return syntaxErrorf(CodeArgument, 0, "all takes no argument")
		}
		return nil
	case KindInclude, KindExists:
		if arg == "" || arg[0] != ':' {
			return syntaxErrorf(CodeArgument, 0, "%s needs a domain after a colon", t.Kind)
		}
		return t.readDomain(arg)
	case KindPTR:
		if arg != "" && arg[0] != ':' {
			return syntaxErrorf(CodeArgument, 0, "ptr takes no prefix length")
		}
		return t.readDomain(arg)
	case KindA, KindMX:
		return t.readDualCIDR(arg)
	case KindIP4, KindIP6:
		if arg == "" || arg[0] != ':' || arg == ":" {
			return syntaxErrorf(CodeArgument, 0, "%s needs a network after a colon", t.Kind)
		}
		err := t.readNetwork(arg[1:])
		if err != nil {
			err.offset++
		}
		return err
	default:
		return unknownMechanism(t.Text)
	}
}

// readDomain reads [ ":" domain-spec ].
func (t *Term) readDomain(arg string) *syntaxError {
	if arg == "" {
		return nil
	}
	var err *syntaxError
	t.Domain, err = parseDomainSpec(arg[1:])
	if err != nil {
		err.offset++
	}
	return err
}

// readDualCIDR reads [ ":" domain-spec ] [ dual-cidr-length ]. A domain-spec may
// hold slashes itself, so the lengths are looked for from the end.
func (t *Term) readDualCIDR(arg string) *syntaxError {
	t.Bits4, t.Bits6 = 32, 128
	domain, cidr4, cidr6 := cutDualCIDR(arg)
	if domain != "" && domain[0] != ':' {
		return syntaxErrorf(CodeCIDR, 0, "prefix lengths are written /24, //64 or /24//64")
	}
	if cidr4 != "" {
		bits, err := parseCIDR(cidr4[1:], 32)
		if err != nil {
			err.offset += len(domain) + 1
			return err
		}
		t.Bits4 = bits
	}
	if cidr6 != "" {
		bits, err := parseCIDR(cidr6[2:], 128)
		if err != nil {
			err.offset += len(domain) + len(cidr4) + 2
			return err
		}
		t.Bits6 = bits
	}
	return t.readDomain(domain)
}

// cutDualCIDR cuts "/24" and "//64" from the end of a mechanism's argument.
func cutDualCIDR(arg string) (rest, cidr4, cidr6 string) {
	rest, cidr := cutCIDR(arg)
	if strings.HasSuffix(rest, "/") && cidr != "" {
		rest, cidr6 = rest[:len(rest)-1], "/"+cidr
		rest, cidr4 = cutCIDR(rest)
		if strings.HasSuffix(rest, "/") && cidr4 != "" { // two IPv6 lengths
			return rest + cidr4, "", cidr6
		}
		return rest, cidr4, cidr6
	}
	return rest, cidr, ""
}

// cutCIDR cuts a slash and the digits after it, if any, from the end of s.
func cutCIDR(s string) (rest, cidr string) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	if i == 0 || s[i-1] != '/' {
		return s, ""
	}
	return s[:i-1], s[i-1:]
}

// parseCIDR reads a prefix length without leading zeros (RFC 7208 §12).
func parseCIDR(digits string, limit int) (int, *syntaxError) {
	n, err := strconv.Atoi(digits)
	if err != nil || n > limit || !isDigit(digits[0]) || len(digits) > 1 && digits[0] == '0' {
		return 0, syntaxErrorf(CodeCIDR, 0, "%q is not a prefix length from 0 to %d", digits, limit)
	}
	return n, nil
}

// readNetwork reads the argument of ip4 and ip6 (RFC 7208 §5.6).
func (t *Term) readNetwork(arg string) *syntaxError {
	text, length, hasLength := strings.Cut(arg, "/")
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return syntaxErrorf(CodeAddress, 0, "%q is not an %s address", text, family(t.Kind))
	}
	if addr.Is4() != (t.Kind == KindIP4) {
		return syntaxErrorf(CodeAddressFamily, 0, "%s holds an address of the other family, %s", t.Kind, text)
	}
	bits := addr.BitLen()
	if hasLength {
		var syntax *syntaxError
		if bits, syntax = parseCIDR(length, addr.BitLen()); syntax != nil {
			syntax.offset += len(text) + 1
			return syntax
		}
	}
	t.Prefix = netip.PrefixFrom(addr, bits)
	return nil
}

func family(kind Kind) string {
	if kind == KindIP4 {
		return "IPv4"
	}
	return "IPv6"
}

// unknownMechanism tells a forgotten keyword from a wrong one.
func unknownMechanism(text string) *syntaxError {
	bare := strings.TrimLeft(text, "+-~?:")
	if ip, _, _ := strings.Cut(bare, "/"); ip != "" {
		if addr, err := netip.ParseAddr(ip); err == nil {
			kind := KindIP4
			if addr.Is6() {
				kind = KindIP6
			}
			return syntaxErrorf(CodeMissingKeyword, 0, "an address needs %s: before it", kind)
		}
	}
	name, _, _ := strings.Cut(bare, ":")
	if _, err := parseDomainSpec(name); err == nil {
		return syntaxErrorf(CodeMissingKeyword, 0, "a name needs include:, a: or mx: before it")
	}
	switch strings.ToLower(name) {
	case "ip", "ipv4", "ipv6", "ip-4", "ip-6":
		return syntaxErrorf(CodeUnknownMechanism, 0, "there is no mechanism %q; networks are written ip4: and ip6:", name)
	case "redirect", "exp":
		return syntaxErrorf(CodeUnknownMechanism, 0, "%s is a modifier: %s=", name, name)
	}
	return syntaxErrorf(CodeUnknownMechanism, 0, "there is no mechanism %q", name)
}

// String writes the term in its shortest form.
func (t *Term) String() string {
	if !t.Valid {
		return t.Text
	}
	var b strings.Builder
	if t.Qualifier != QualifierPass {
		b.WriteString(string(t.Qualifier))
	}
	switch t.Kind {
	case KindRedirect, KindExp:
		return string(t.Kind) + "=" + t.Domain.Text
	case KindModifier:
		return t.Name + "=" + t.Value()
	}
	b.WriteString(string(t.Kind))
	if t.Domain.Text != "" {
		b.WriteString(":" + t.Domain.Text)
	}
	switch t.Kind {
	case KindIP4, KindIP6:
		b.WriteString(":" + t.Prefix.Addr().String())
		writeBits(&b, "/", t.Prefix.Bits(), t.Prefix.Addr().BitLen())
	case KindA, KindMX:
		writeBits(&b, "/", t.Bits4, 32)
		writeBits(&b, "//", t.Bits6, 128)
	}
	return b.String()
}

// writeBits writes a prefix length unless it is the default.
func writeBits(b *strings.Builder, slash string, bits, all int) {
	if bits != all {
		b.WriteString(slash + strconv.Itoa(bits))
	}
}
