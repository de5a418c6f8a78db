package authres

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/authres"

	"github.com/postmuster/postmuster/internal/testkit/peers"
)

// opinions are fields that others read too. Where they read something else than
// this package, the reason is given; a reason without a difference is an error.
var opinions = []struct {
	value            string
	msgauth, python3 string
}{
	{"mx.example.org; none", "", ""},
	{"mx.example.org 1; none", "", ""},
	{"mx.example.org; spf=pass smtp.mailfrom=example.com", "", ""},
	{"mx.example.org; spf=softfail smtp.helo=a.example smtp.mailfrom=b@example.com", "", ""},
	{"mx.example.org;\r\n\tspf=pass smtp.mailfrom=example.com;\r\n\tdkim=pass header.d=example.com header.i=@example.com", "", ""},
	{"mx.example.org; dmarc=fail header.from=example.com; iprev=pass policy.iprev=192.0.2.1", "", ""},
	{"mx.example.org; arc=pass smtp.remote-ip=192.0.2.1 header.oldest-pass=1", "", ""},
	{"mx.example.org; x-private=pass x-type.name=value", "", "it drops types that are not registered"},
	{"mx.example.org; SPF=PASS SMTP.MailFrom=Example.COM", "", ""},
	{"mx.example.org; spf=pass smtp.mailfrom=SRS0=a=b=c@example.com", "", ""},

	{"mx.example.org; spf=pass;", "", "the grammar has no semicolon at the end: it refuses the field"},
	{"mx.example.org;; spf=pass", "", "the grammar has nothing between semicolons: it refuses the field"},
	{"mx.example.org; dmarc=pass action=none header.from=example.com", "", ""},
	{"mx.example.org; iprev=pass policy.iprev=2001:db8::1", "", "the grammar has no colon outside of quotes: it refuses the field"},
	{"mx.example.org; spf=none smtp.mailfrom=", "", ""},
	{"mx.example.org; spf=pass (good (very)) smtp.mailfrom=example.com", "", ""},
	{"mx.example.org; spf=pass (mailfrom) smtp.mailfrom=example.com", "", ""},

	{`mx.example.org; dkim=fail reason="bad signature" header.d=example.com`, "it divides quoted strings at white space", ""},
	{`mx.example.org; dkim=fail reason="a; b=c" header.d=example.com`, "it divides quoted strings at semicolons", ""},
	{`mx.example.org; dkim=fail reason="\"bad\"" header.d=example.com`, "it keeps the quotes", "it keeps the backslashes"},
	{`mx.example.org; dkim=fail reason="bad" header.d=example.com`, "it keeps the quotes", ""},
	{`mx.example.org; dkim=fail (a; b=c) header.d=example.com`, "it reads no comments: it takes what is in them for a result", ""},
	{`mx.example.org; spf=pass (smtp.mailfrom=evil.example ) smtp.helo=a.example`, "", ""},
	{`mx.example.org; spf=pass ( smtp.mailfrom=evil.example ) smtp.helo=a.example`, "it reads no comments: it takes what is in them for a property", ""},
	{"mx.example.org (a) 1 (b); spf=pass", "it reads no comments: the version is none for it", ""},
	{"mx.example.org; spf = pass smtp . mailfrom = example.com", "it wants no space around an equals sign, and gives up", ""},
	{"mx.example.org; dkim/1=pass header.d=example.com", "the version is a part of the method's name for it", ""},
	{`"mx.example.org"; spf=pass`, "it keeps the quotes", "it wants a name for the authserv-id, which RFC 8601 §2.2 lets be in quotes"},
	{"mx.example.org; spf; dkim=pass", "a method without a result ends its reading", "it refuses the field"},
	{"mx.example.org 2; spf=pass", "it refuses a version that it does not know; here an issue says so", "it refuses a version that it does not know; here an issue says so"},
	{"spf=pass smtp.mailfrom=example.com; dkim=pass", "it takes the first result for the authserv-id and a version, and refuses them", "it refuses a field without an authserv-id"},
	{"mx.example.org; spf=fail (oops; dkim=pass", "", "a comment without an end: it refuses the field"},
}

// plain lists what the opinions are compared in: the results and properties of
// a field, a line each.
func plain(f Field) string {
	lines := []string{f.AuthServID}
	for _, r := range f.Results {
		lines = append(lines, r.Method+"="+r.Value)
		if r.Version != "" {
			lines = append(lines, "version="+r.Version)
		}
		if r.Reason != "" {
			lines = append(lines, "reason="+r.Reason)
		}
		for _, p := range r.Properties {
			if p.Value != "" && p.Type != "" {
				lines = append(lines, p.Type+"."+p.Name+"="+p.Value)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func argue(t *testing.T, value, theirs, ours, reason string) {
	t.Helper()
	switch {
	case theirs != ours && reason == "":
		t.Errorf("%q: they read\n%s\nand we\n%s", value, theirs, ours)
	case theirs == ours && reason != "":
		t.Errorf("%q: there is no difference, but a reason: %s", value, reason)
	}
}

// TestDifferential compares with the reader of go-msgauth, which knows neither
// comments nor quoted strings.
func TestDifferential(t *testing.T) {
	for _, o := range opinions {
		f, _ := Parse(o.value)
		theirs := Field{}
		id, results, err := authres.Parse(o.value)
		theirs.AuthServID = id
		for _, r := range results {
			theirs.Results = append(theirs.Results, fromMsgauth(r))
		}
		text := plain(theirs)
		if err != nil {
			text += "\n" + err.Error()
		}
		argue(t, o.value, text, plain(f), o.msgauth)
	}
}

// fromMsgauth reads what the library keeps of a result: properties that it has
// no place for are lost, so none of them are among the opinions.
func fromMsgauth(r authres.Result) Result {
	with := func(method string, value authres.ResultValue, reason string, pairs ...string) Result {
		out := Result{Method: method, Value: string(value), Reason: reason}
		for i := 0; i < len(pairs); i += 2 {
			ptype, name, _ := strings.Cut(pairs[i], ".")
			out.Properties = append(out.Properties, Property{Type: ptype, Name: name, Value: pairs[i+1]})
		}
		return out
	}
	switch r := r.(type) {
	case *authres.SPFResult:
		return with("spf", r.Value, r.Reason, "smtp.mailfrom", r.From, "smtp.helo", r.Helo)
	case *authres.DKIMResult:
		return with("dkim", r.Value, r.Reason, "header.d", r.Domain, "header.i", r.Identifier)
	case *authres.DMARCResult:
		return with("dmarc", r.Value, r.Reason, "header.from", r.From)
	case *authres.IPRevResult:
		return with("iprev", r.Value, r.Reason, "policy.iprev", r.IP)
	case *authres.ARCResult:
		return with("arc", r.Value, "", "smtp.remote-ip", r.RemoteIP, "header.oldest-pass", fmt.Sprint(r.OldestPass))
	case *authres.GenericResult:
		var pairs []string
		for name, value := range r.Params {
			pairs = append(pairs, name, value)
		}
		return with(r.Method, r.Value, "", pairs...)
	}
	return Result{Method: fmt.Sprintf("%T", r)}
}

const pythonAuthres = `
import json, sys, authres
out = []
for value in json.load(sys.stdin):
    try:
        h = authres.AuthenticationResultsHeader.parse('Authentication-Results: ' + value)
        out.append({'AuthServID': h.authserv_id, 'Results': [{'Method': r.method, 'Version': r.version or '', 'Value': r.result, 'Reason': r.reason or '',
            'Properties': [{'Type': p.type, 'Name': p.name, 'Value': p.value} for p in r.properties]} for r in h.results]})
    except Exception as e:
        out.append({'AuthServID': repr(e)})
json.dump(out, sys.stdout)
`

// python3 asks what Debian's python3-authres reads, which is strict.
func python3(t *testing.T, values []string) []Field {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's, which knows Debian's modules
	if exec.CommandContext(t.Context(), python, "-c", "import authres").Run() != nil {
		peers.Missing(t, "the module authres", "python3-authres")
	}
	input, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", pythonAuthres)
	cmd.Stdin = strings.NewReader(string(input))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3-authres: %v", err)
	}
	var read []struct {
		AuthServID string
		Results    []struct {
			Method, Version, Value, Reason string
			Properties                     []struct{ Type, Name, Value string }
		}
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	fields := make([]Field, len(read))
	for i, f := range read {
		fields[i].AuthServID = f.AuthServID
		for _, r := range f.Results {
			result := Result{Method: lower(r.Method), Version: r.Version, Value: lower(r.Value), Reason: r.Reason}
			for _, p := range r.Properties {
				result.Properties = append(result.Properties, Property{Type: lower(p.Type), Name: lower(p.Name), Value: p.Value})
			}
			fields[i].Results = append(fields[i].Results, result)
		}
	}
	return fields
}

func TestRealPartsPythonAuthres(t *testing.T) {
	var values []string
	for _, o := range opinions {
		values = append(values, o.value)
	}
	for i, theirs := range python3(t, values) {
		f, _ := Parse(opinions[i].value)
		argue(t, opinions[i].value, plain(theirs), plain(f), opinions[i].python3)
	}
}

// What is written here is read the same by python3-authres.
func TestRealPartsPythonAuthresReadsOurs(t *testing.T) {
	var fields []Field
	var values []string
	for _, value := range []string{
		"mx.example.org; none",
		`mx.example.org; spf=pass smtp.mailfrom=a:b@example.com smtp.helo=mail.example.com; dkim=fail reason="it (says) no; really" header.d=example.com header.s=s1`,
		"mx.example.org; iprev=pass policy.iprev=2001:db8::1; dmarc=none header.from=example.com",
	} {
		f, _ := Parse(value)
		text, err := Format(f)
		if err != nil {
			t.Fatal(err)
		}
		fields, values = append(fields, f), append(values, text)
	}
	for i, theirs := range python3(t, values) {
		argue(t, values[i], plain(theirs), plain(fields[i]), "")
	}
}
