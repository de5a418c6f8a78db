package message

import (
	"net/netip"
	"strings"
)

// What is read of one address list at most, and told about one value.
const (
	maxAddresses    = 10_000
	maxValueDefects = 200
)

// An Address is one mailbox of an address list.
type Address struct {
	Name   string // the display name, decoded; a comment behind the address when there is no name
	Local  string // the local part, its quotes kept where it has them; white space and comments left out
	Domain string // as written, but for white space and comments; empty when there is none
	Group  string // the name of the group it stands in
	Raw    string // the mailbox as written
}

// Addr returns "local@domain".
func (a Address) Addr() string {
	if a.Domain == "" {
		return a.Local
	}
	return a.Local + "@" + a.Domain
}

// Addresses is an address list (RFC 5322 §3.4) and what is wrong with it.
type Addresses struct {
	List    []Address
	Groups  []string // the names of the groups, empty groups included
	Defects []Defect
}

// ParseAddresses reads the value of From, To, Cc, Reply-To or Sender, folded
// or not. It takes what it can read and says what it cannot.
func ParseAddresses(value string) Addresses {
	p := addressParser{scanner: scanner{s: value}}
	for !p.done() {
		p.element()
	}
	if p.inGroup {
		p.report(AddressSyntax, len(value), "a group without its semicolon")
	}
	return p.Addresses
}

// An addressParser divides a list into its elements and each into its parts.
type addressParser struct {
	scanner
	Addresses
	inGroup bool
	group   string
}

func (p *addressParser) report(kind Kind, at int, detail string) {
	if len(p.Defects) < maxValueDefects {
		p.Defects = append(p.Defects, Defect{Kind: kind, Offset: at, Count: 1, Detail: excerpt([]byte(detail))})
	}
}

// A piece is one lexical token of an address.
type piece struct {
	kind  byte // 'a' text without specials, '"' quoted string, '[' domain literal, or the special itself
	text  string
	at    int
	space bool // white space or a comment stands before it
}

// element reads up to the comma, or to the colon or semicolon of a group.
func (p *addressParser) element() {
	start := p.i
	pieces, comment, end := p.pieces()
	raw := strings.Trim(p.s[start:p.i], " \t\r\n")
	p.accept(end)
	switch end {
	case ':':
		p.beginGroup(pieces, start)
		return
	case ',', 0, ';':
		if len(pieces) > 0 {
			p.mailbox(pieces, comment, raw, start)
		} else if end == ',' {
			p.report(AddressObsolete, start, "an empty element") // RFC 5322 §4.4
		}
	}
	if end == ';' {
		if !p.inGroup {
			p.report(AddressSyntax, p.i-1, "a semicolon outside a group")
		}
		p.endGroup()
	}
}

func (p *addressParser) beginGroup(pieces []piece, start int) {
	if p.inGroup || len(pieces) == 0 {
		p.report(AddressSyntax, start, "a colon where no group begins")
	}
	p.inGroup, p.group = true, p.displayName(pieces)
	if len(p.Groups) < maxAddresses {
		p.Groups = append(p.Groups, p.group)
	}
}

// endGroup also takes a comma that follows the group: it is the separator.
func (p *addressParser) endGroup() {
	p.inGroup, p.group = false, ""
	p.skipCFWS()
	p.accept(',')
}

// pieces reads the tokens of one element and what ends it; 0 is the end of the
// value. Inside angle brackets only the bracket ends anything.
func (p *addressParser) pieces() (pieces []piece, comment string, end byte) {
	angle := false
	for {
		at := p.i
		text, complete := p.skipCFWS()
		if text != "" {
			comment = text
		}
		if !complete {
			p.report(AddressSyntax, at, "a comment that does not end")
		}
		if p.done() {
			return pieces, comment, 0
		}
		next := piece{at: p.i, space: p.i > at}
		switch c := p.peek(); {
		case c == '"':
			var ok bool
			if next.text, ok = p.quoted(); !ok {
				p.report(AddressSyntax, next.at, "a quoted string that does not end")
			}
			next.kind = '"'
		case c == '[':
			p.until("]")
			p.accept(']')
			next.kind, next.text = '[', p.s[next.at:p.i]
		case !angle && (c == ',' || c == ';' || c == ':'):
			return pieces, comment, c
		case strings.IndexByte(`<>@,;:.\)]`, c) >= 0:
			p.i++
			next.kind, next.text = c, string(c)
			angle = c == '<' || angle && c != '>'
		default:
			next.kind, next.text = 'a', p.until("\"[<>@,;:.\\)]( \t\r\n")
		}
		pieces = append(pieces, next)
	}
}

// mailbox reads name-addr or addr-spec (RFC 5322 §3.4).
func (p *addressParser) mailbox(pieces []piece, comment, raw string, start int) {
	if len(p.List) >= maxAddresses {
		if !Has(p.Defects, AddressTooMany) {
			p.report(AddressTooMany, start, "")
		}
		return
	}
	a := Address{Group: p.group, Raw: raw}
	opening := indexPiece(pieces, '<')
	if opening < 0 {
		a.Name = strings.TrimSpace(comment)
		p.addrSpec(&a, pieces, start)
		p.List = append(p.List, a)
		return
	}
	a.Name = p.displayName(pieces[:opening])
	if opening > 0 && !pieces[opening].space {
		p.report(AddressNoSpace, pieces[opening].at, raw)
	}
	inside := pieces[opening+1:]
	closing := indexPiece(inside, '>')
	if closing < 0 {
		p.report(AddressSyntax, pieces[opening].at, "no closing angle bracket")
		closing = len(inside)
	} else if closing+1 < len(inside) {
		p.report(AddressSyntax, inside[closing+1].at, "text behind the angle bracket")
	}
	p.addrSpec(&a, p.withoutRoute(inside[:closing]), pieces[opening].at)
	p.List = append(p.List, a)
}

func indexPiece(pieces []piece, kind byte) int {
	for i, piece := range pieces {
		if piece.kind == kind {
			return i
		}
	}
	return -1
}

// withoutRoute takes a source route away: "@a.example,@b.example:" (RFC 5322 §4.4).
func (p *addressParser) withoutRoute(pieces []piece) []piece {
	if len(pieces) == 0 || pieces[0].kind != '@' {
		return pieces
	}
	colon := indexPiece(pieces, ':')
	if colon < 0 {
		return pieces
	}
	p.report(AddressObsolete, pieces[0].at, "a source route")
	return pieces[colon+1:]
}

// addrSpec reads local@domain; the last @ divides them.
func (p *addressParser) addrSpec(a *Address, pieces []piece, at int) {
	sign := -1
	for i, piece := range pieces {
		if piece.kind == '@' {
			if sign >= 0 {
				p.report(AddressSyntax, piece.at, "more than one @")
			}
			sign = i
		}
	}
	local := pieces
	if sign >= 0 {
		local = pieces[:sign]
		a.Domain = p.join(pieces[sign+1:], false)
	}
	a.Local = p.join(local, true)
	switch {
	case a.Domain == "":
		p.report(AddressNoDomain, at, a.Raw)
	case !validDomain(a.Domain):
		p.report(AddressDomainSyntax, at, a.Domain)
	}
	if sign >= 0 && a.Local == "" {
		p.report(AddressSyntax, at, "an empty local part")
	}
	if !isASCII(a.Local) || !isASCII(a.Domain) {
		p.report(AddressEightBit, at, a.Addr())
	}
}

// join puts the pieces of a local part or a domain together, and reports what
// dot-atom, quoted-string and domain-literal do not allow.
func (p *addressParser) join(pieces []piece, local bool) string {
	var b strings.Builder
	dot := true // a word must follow
	for i, piece := range pieces {
		if i > 0 && piece.space {
			kind, detail := AddressObsolete, "white space or a comment in the address"
			if piece.kind != '.' && !dot {
				kind, detail = AddressSyntax, "white space in the address"
			}
			p.report(kind, piece.at, detail)
		}
		switch {
		case piece.kind == '.':
			if dot {
				p.report(AddressSyntax, piece.at, "a dot where a word should be")
			}
		case piece.kind == '"' && local:
			if len(pieces) > 1 {
				p.report(AddressObsolete, piece.at, "a quoted string among other words")
			}
			piece.text = quote(piece.text)
		case piece.kind == 'a', piece.kind == '[' && !local && len(pieces) == 1:
		default:
			p.report(AddressSyntax, piece.at, piece.text)
		}
		b.WriteString(piece.text)
		dot = piece.kind == '.'
	}
	if dot && len(pieces) > 0 {
		p.report(AddressSyntax, pieces[len(pieces)-1].at, "a dot at the end")
	}
	return b.String()
}

// displayName puts a phrase together and decodes its words.
func (p *addressParser) displayName(pieces []piece) string {
	var b strings.Builder
	for i, piece := range pieces {
		if i > 0 && piece.space {
			b.WriteByte(' ')
		}
		switch piece.kind {
		case 'a':
		case '"':
			if strings.Contains(piece.text, "=?") && strings.Contains(piece.text, "?=") {
				p.report(EncodedWordPlacement, piece.at, piece.text) // RFC 2047 §5 (3)
			}
		default:
			p.report(AddressUnquoted, piece.at, piece.text)
		}
		b.WriteString(piece.text)
	}
	name, defects := DecodeWords(b.String())
	for _, d := range defects {
		p.report(d.Kind, pieces[0].at, d.Detail) // the place of the name: the joined text has other offsets
	}
	return strings.TrimSpace(name)
}

// quote writes a quoted string (RFC 5322 §3.2.4).
func quote(s string) string {
	return `"` + quoted.Replace(s) + `"`
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// validDomain reports whether s is a host name of letters, digits and hyphens
// (RFC 5321 §2.3.5), with U-labels allowed (RFC 6531 §3.3), or a literal.
func validDomain(s string) bool {
	if literal, ok := strings.CutPrefix(s, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		literal = strings.TrimPrefix(strings.TrimPrefix(literal, "IPv6:"), "ipv6:")
		_, err := netip.ParseAddr(literal)
		return ok && err == nil
	}
	if len(s) > 255 { // RFC 5321 §4.5.3.1.2
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r < 0x80 && r != '-' && !isAlphanumeric(r) {
				return false
			}
		}
	}
	return true
}
