package opinion

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/postmuster/postmuster/internal/message"
	"github.com/postmuster/postmuster/internal/report"
)

// Spamd is SpamAssassin's daemon.
type Spamd struct {
	network, addr string
	dial          Dial
}

// NewSpamd returns the daemon at host[:port] or unix:PATH.
func NewSpamd(text string, dial Dial) (*Spamd, error) {
	network, addr, err := address(text, "783")
	return &Spamd{network, addr, dial}, err
}

// Name returns what the filter is called in reports.
func (s *Spamd) Name() string { return "spamassassin" }

// ask has the daemon write its report, which tells of each rule that fits what it
// is worth.
func (s *Spamd) ask(ctx context.Context, m *message.Message) (report.Opinion, error) {
	conn, err := s.dial(ctx, s.network, s.addr)
	if err != nil {
		return report.Opinion{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := fmt.Fprintf(conn, "REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n", len(m.Raw)); err != nil {
		return report.Opinion{}, err
	}
	if _, err := conn.Write(m.Raw); err != nil {
		return report.Opinion{}, err
	}
	if half, ok := conn.(*net.TCPConn); ok {
		half.CloseWrite() // the daemon reads to the end
	}
	return readSpamd(io.LimitReader(conn, maxAnswer))
}

// readSpamd reads an answer of the spamd protocol, 1.5.
func readSpamd(from io.Reader) (o report.Opinion, err error) {
	r := bufio.NewReader(from)
	status, err := r.ReadString('\n')
	if err != nil {
		return o, fmt.Errorf("no answer of spamd: %w", err)
	}
	fields := strings.Fields(status)
	if len(fields) < 3 || !strings.HasPrefix(fields[0], "SPAMD/") {
		return o, errors.New("what answers is not spamd")
	}
	if fields[1] != "0" {
		return o, fmt.Errorf("spamd answers %s", strings.Join(fields[1:], " "))
	}
	judged := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return o, fmt.Errorf("the answer of spamd: %w", err)
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Spam") {
			if o, err = readVerdict(value); err != nil {
				return o, err
			}
			judged = true
		}
	}
	if !judged {
		return o, errors.New("spamd gives no verdict")
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return o, fmt.Errorf("the answer of spamd: %w", err)
	}
	o.Symbols = readRules(string(body))
	return o, nil
}

// A rule is a line such as " 1.2 MISSING_HEADERS  Missing To: header"; what it is
// about may go on in the lines below.
var (
	rulesBegin = regexp.MustCompile(`(?m)^\s*-{3,}\s+-{3,}\s+-{3,}\s*$`)
	ruleLine   = regexp.MustCompile(`^\s{0,3}(-?\d{1,6}(?:\.\d{1,6})?)\s+([A-Za-z0-9_]{1,100})(?:\s+(.*))?$`)
)

// readRules reads the table at the end of a report. The beginning of the message
// stands in front of it, and may hold what looks like one.
func readRules(text string) (symbols []report.Symbol) {
	tables := rulesBegin.FindAllStringIndex(text, -1)
	if len(tables) == 0 {
		return nil
	}
	for line := range strings.Lines(text[tables[len(tables)-1][1]:]) {
		line = strings.TrimRight(line, "\r\n")
		if m := ruleLine.FindStringSubmatch(line); m != nil {
			if score, err := number(m[1]); err == nil {
				symbols = append(symbols, report.Symbol{Name: m[2], Score: &score, Description: described(m[3])})
			}
		} else if n := len(symbols); n > 0 && strings.TrimSpace(line) != "" {
			symbols[n-1].Description = described(symbols[n-1].Description + " " + line)
		}
		if len(symbols) > maxSymbols {
			break
		}
	}
	weightiestFirst(symbols)
	return symbols
}

// readVerdict reads "True ; 26.7 / 5.0".
func readVerdict(text string) (o report.Opinion, err error) {
	spam, numbers, ok := strings.Cut(text, ";")
	score, required, ok2 := strings.Cut(numbers, "/")
	if !ok || !ok2 {
		return o, fmt.Errorf("the verdict of spamd is %q", strings.TrimSpace(text))
	}
	o.Spam = strings.EqualFold(strings.TrimSpace(spam), "True") || strings.EqualFold(strings.TrimSpace(spam), "Yes")
	o.Score, err = number(score)
	required64, err2 := number(required)
	o.Required = required64
	return o, errors.Join(err, err2)
}

// number reads a number that JSON can hold.
func number(text string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || n != n || n > 1e9 || n < -1e9 {
		return 0, fmt.Errorf("%q is not a score", strings.TrimSpace(text))
	}
	if n == 0 {
		n = 0 // rather than -0
	}
	return n, nil
}
