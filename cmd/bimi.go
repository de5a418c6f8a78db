package cmd

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/audit"
	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/https"
	"github.com/postmuster/postmuster/internal/proto/bimi"
	"github.com/postmuster/postmuster/internal/proto/dmarc"
)

const (
	// maxIndicator lets a file that is too large be looked at all the same, to
	// say by how much.
	maxIndicator = 1 << 20
	// maxMarkFile is room for a mark certificate with its image, and its issuers.
	maxMarkFile = 1 << 20
)

// bimiFlags say whose logo is wanted.
type bimiFlags struct {
	protocolFlags
	selector, roots string

	localPart string // of the address, if one was given
	pool      *x509.CertPool
}

func newBIMI(env *Env) *cobra.Command {
	var f bimiFlags
	c := &cobra.Command{
		Use:   "bimi DOMAIN | ADDRESS",
		Short: "Will the domain's logo be shown? (BIMI)",
		Long: `Look up the BIMI record of a domain, judge its DMARC policy, fetch the logo and the
mark certificate, and judge both. Of an address, the record of its local part is
looked for where the domain announces such records (lps=).

Whether the certificate leads to a mark verifying authority is judged when --roots
names their certificates.

Exit codes: 0 nothing keeps receivers from showing the logo; 1 there is no record,
or something does; 2 usage; 3 it could not be found out.`,
		Example: `  postmuster bimi example.com
  postmuster bimi --selector brand --roots mva-roots.pem example.com
  postmuster bimi news@example.com
  postmuster bimi lint-svg logo.svg`,
		Args: oneArgument("a domain, an address, or lint-svg"),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := strings.LastIndexByte(args[0], '@')
			domain, err := audit.ParseDomain(args[0][at+1:])
			if err != nil {
				return err
			}
			f.localPart = args[0][:max(at, 0)]
			if err := f.readRoots(env); err != nil {
				return err
			}
			return f.run(cmd.Context(), env, func(ctx context.Context, n *network) (answer, error) {
				return f.ask(ctx, n, domain), nil
			})
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.selector, "selector", bimi.DefaultSelector, "the `selector` of the BIMI-Selector field")
	c.Flags().StringVar(&f.roots, "roots", "", "a PEM `file` with the roots of mark verifying authorities")
	c.AddCommand(newBIMILintSVG(env))
	return c
}

func (f *bimiFlags) readRoots(env *Env) error {
	if f.roots == "" {
		return nil
	}
	roots, err := readChain(env, f.roots)
	if err != nil {
		return fmt.Errorf("--roots: %w", err)
	}
	f.pool = x509.NewCertPool()
	for _, root := range roots {
		f.pool.AddCert(root)
	}
	return nil
}

// bimiReport is everything between a domain and its logo.
type bimiReport struct {
	Domain      string           `json:"domain"`
	Status      bimi.Status      `json:"status"`
	Error       string           `json:"error"` // with status unknown: why
	Asked       []bimiAsked      `json:"asked"`
	Name        string           `json:"name"`
	Selector    string           `json:"selector"`
	Record      string           `json:"record"`
	Texts       []string         `json:"texts"`
	Issues      []issue          `json:"issues"`
	DMARC       bimiDMARC        `json:"dmarc"`
	Indicator   *bimiIndicator   `json:"indicator"`   // null where none is published
	Certificate *bimiCertificate `json:"certificate"` // null where none is published
}

// bimiUnknown: whether there is a record could not be found out.
const bimiUnknown bimi.Status = "unknown"

// bimiAsked is a name that was asked for a record.
type bimiAsked struct {
	Name   string     `json:"name"`
	Status dns.Status `json:"status"` // of any TXT record there
}

// bimiDMARC is the policy that BIMI demands.
type bimiDMARC struct {
	Domain string       `json:"record_domain"`
	Record string       `json:"record"`
	Result dmarc.Result `json:"result"`
	Issues []issue      `json:"issues"`
}

// bimiFile is a file that a record points to.
type bimiFile struct {
	URL    string       `json:"url"`
	Result https.Result `json:"result"`
	Error  string       `json:"error"`
	Issues []issue      `json:"issues"`

	body []byte
}

type bimiIndicator struct {
	bimiFile
	Size  int    `json:"size"`
	Title string `json:"title"`
	text  string
}

type bimiCertificate struct {
	bimiFile
	Type     string     `json:"type"`
	Common   bool       `json:"common"`
	Subject  string     `json:"subject"`
	Issuer   string     `json:"issuer"`
	NotAfter *time.Time `json:"not_after"`
}

func (f *bimiFlags) ask(ctx context.Context, n *network, domain string) answer {
	policy := dmarc.Discover(ctx, n.DNS, domain)
	org := policy.OrgDomain
	if org == "" {
		org = dmarc.PSLOrgDomain(domain)
	}
	d, err := bimi.Discover(ctx, n.DNS, bimi.Query{Author: domain, Org: org, Selector: f.selector, LocalPart: f.localPart})
	r := newBIMIReport(domain, d)
	r.DMARC = bimiPolicy(policy)
	switch {
	case err != nil:
		r.Status, r.Error = bimiUnknown, err.Error()
	case d.Status == bimi.StatusFound:
		r.fetch(ctx, f, n, d.Record, []string{domain, org})
	}
	return answer{value: r, code: r.code(), text: r.write}
}

func newBIMIReport(domain string, d bimi.Discovery) *bimiReport {
	r := &bimiReport{
		Domain: domain, Status: d.Status, Name: d.Name, Selector: d.Selector, Texts: present(d.Texts), Issues: bimiIssues(d.Issues), Asked: []bimiAsked{},
	}
	for _, a := range d.Answers {
		r.Asked = append(r.Asked, bimiAsked{a.Question.Name, a.Status()})
	}
	if len(d.Texts) == 1 {
		r.Record = d.Texts[0]
	}
	return r
}

func bimiPolicy(d dmarc.Discovery) bimiDMARC {
	out := bimiDMARC{Domain: d.RecordDomain, Result: d.Result, Issues: []issue{}}
	if d.Record == nil {
		if d.Result != dmarc.ResultTempError {
			out.Issues = append(out.Issues, issue{Severity: "error", Code: "dmarc", Message: "there is no DMARC policy, so receivers show no logo"})
		}
		return out
	}
	out.Record = d.Record.Text
	tag := func(name string) string {
		t, _ := d.Record.Tag(name)
		return t.Value
	}
	out.Issues = bimiIssues(bimi.DMARCIssues(tag("p"), tag("sp"), tag("pct")))
	return out
}

// fetch gets and judges what a record points to.
func (r *bimiReport) fetch(ctx context.Context, f *bimiFlags, n *network, record bimi.Record, domains []string) {
	var svg []byte
	if record.Location != "" {
		r.Indicator = &bimiIndicator{bimiFile: fetchBIMI(ctx, n, record.Location, maxIndicator)}
		if svg = r.Indicator.body; svg != nil {
			judged := bimi.LintSVG(svg)
			r.Indicator.Issues = bimiIssues(judged.Issues)
			r.Indicator.Size, r.Indicator.Title, r.Indicator.text = judged.Size, judged.Title, string(judged.Text)
		}
	}
	if record.Evidence == "" {
		return
	}
	r.Certificate = &bimiCertificate{bimiFile: fetchBIMI(ctx, n, record.Evidence, maxMarkFile)}
	if r.Certificate.body == nil {
		return
	}
	mark := bimi.CheckMark(r.Certificate.body, bimi.MarkContext{Roots: f.pool, At: n.Now(), Domains: domains, Selector: r.Selector, SVG: svg})
	r.Certificate.Issues, r.Certificate.Type, r.Certificate.Common = bimiIssues(mark.Issues), mark.Type, mark.Common
	if c := mark.Certificate; c != nil {
		r.Certificate.Subject, r.Certificate.Issuer, r.Certificate.NotAfter = c.Subject.String(), c.Issuer.String(), &c.NotAfter
	}
}

func fetchBIMI(ctx context.Context, n *network, url string, most int64) bimiFile {
	got := n.HTTPS.Fetch(ctx, https.Request{URL: url, MaxBytes: most, FollowRedirects: true})
	file := bimiFile{URL: url, Result: got.Result, Error: got.Reason, Issues: []issue{}}
	switch {
	case got.Result != https.ResultOK:
	case got.Status != 200: // RFC 9110 §15.3.1
		file.Error = fmt.Sprintf("status %d", got.Status)
	default:
		file.body = got.Body
	}
	return file
}

// code says how the file bears on the logo: what could not be fetched because
// of the moment or of us is not the domain's fault.
func (f bimiFile) code() int {
	switch f.Result {
	case https.ResultOK:
	case https.ResultDNS, https.ResultTimeout, https.ResultUnreachable, https.ResultCanceled, https.ResultNotRecorded, https.ResultPrivate:
		return exitUndecided
	default:
		return exitNotMet
	}
	if f.Error != "" || !usable(f.Issues) {
		return exitNotMet
	}
	return exitMet
}

func (r *bimiReport) code() int {
	code := exitMet
	if r.Status == bimiUnknown {
		return exitUndecided
	}
	if r.Status != bimi.StatusFound || !usable(r.Issues) || !usable(r.DMARC.Issues) {
		code = exitNotMet
	}
	if r.DMARC.Result == dmarc.ResultTempError {
		code = worse(code, exitUndecided)
	}
	if r.Indicator != nil {
		code = worse(code, r.Indicator.code())
	}
	if r.Certificate != nil {
		code = worse(code, r.Certificate.code())
	}
	return code
}

func (r *bimiReport) write(p *page) {
	p.line("%s: %s", r.Domain, r.Status)
	p.field("because", "%s", r.Error)
	for _, a := range r.Asked {
		p.field("asked", "%s", asked(a.Name, "TXT", a.Status))
	}
	for _, text := range r.Texts {
		p.field("record", "%s", text)
	}
	p.issues(r.Issues, r.Record)
	p.head("DMARC")
	if r.DMARC.Record != "" {
		p.field("record", "at _dmarc.%s: %s", r.DMARC.Domain, r.DMARC.Record)
	}
	if r.DMARC.Result == dmarc.ResultTempError {
		p.field("unknown", "the policy could not be looked up")
	}
	p.notes(r.DMARC.Issues)
	if r.DMARC.Result == "" && len(r.DMARC.Issues) == 0 {
		p.field("policy", "strong enough for a logo")
	}
	if i := r.Indicator; i != nil {
		p.head("The logo")
		i.bimiFile.write(p)
		if i.body != nil {
			p.field("size", "%d octets", i.Size)
			p.field("title", "%s", i.Title)
		}
		p.issues(i.Issues, i.text)
	}
	if r.Certificate != nil {
		r.Certificate.write(p)
	}
}

func (f bimiFile) write(p *page) {
	p.field("url", "%s", f.URL)
	p.field("because", "%s", f.Error)
}

func (c *bimiCertificate) write(p *page) {
	p.head("The mark certificate")
	c.bimiFile.write(p)
	p.field("type", "%s", strings.TrimSpace(c.Type))
	p.field("subject", "%s", c.Subject)
	p.field("issuer", "%s", c.Issuer)
	if c.NotAfter != nil {
		p.field("until", "%s", c.NotAfter.UTC().Format(time.DateOnly))
	}
	p.notes(c.Issues)
}
