package authres

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/authres"
)

// Format writes the value of a field, folded before each result. Comments are
// left out, and so are properties without a value. What cannot be written so
// that it is read back the same is an error: names that are none, control
// characters, a property twice.
func Format(f Field) (string, error) {
	if !isToken(f.AuthServID) || !utf8.ValidString(f.AuthServID) {
		return "", fmt.Errorf("the authserv-id %.60q must be a name", f.AuthServID)
	}
	if len(f.Results) == 0 {
		return authres.Format(f.AuthServID, nil), nil
	}
	var b strings.Builder
	b.WriteString(f.AuthServID)
	for i := range f.Results {
		r, err := f.Results[i].generic()
		if err != nil {
			return "", err
		}
		// One at a time, because the library does not fold.
		text := authres.Format("", []authres.Result{r})
		b.WriteString(";\r\n\t" + strings.Trim(text, "; "))
	}
	return b.String(), nil
}

// generic returns a result as the library writes it.
func (r *Result) generic() (*authres.GenericResult, error) {
	g := &authres.GenericResult{Method: r.Method, Value: authres.ResultValue(r.Value), Params: map[string]string{}}
	if !isKeyword(r.Method) || !isKeyword(r.Value) {
		return nil, fmt.Errorf("%.40q=%.40q: both must be made of letters, digits and hyphens", r.Method, r.Value)
	}
	if r.Version != "" {
		if strings.Trim(r.Version, digits) != "" {
			return nil, fmt.Errorf("%s: the version %.40q must be a number", r.Method, r.Version)
		}
		g.Method += "/" + r.Version
	}
	for _, p := range r.Properties {
		name := p.Type + "." + p.Name
		if !isKeyword(p.Type) || !isKeyword(p.Name) {
			return nil, fmt.Errorf("%s: the property %.60q must be a type and a name", r.Method, name)
		}
		if _, twice := g.Params[name]; twice {
			return nil, fmt.Errorf("%s: %s is there twice", r.Method, name)
		}
		g.Params[name] = p.Value
		if !bare(p.Value) {
			g.Params[name] = escapeBackslashes(p.Value)
		}
	}
	if r.Reason != "" {
		g.Params["reason"] = escapeBackslashes(r.Reason)
	}
	for name, value := range g.Params {
		if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			return nil, fmt.Errorf("%s: %s=%.60q holds what no header field may hold", r.Method, name, value)
		}
	}
	return g, nil
}

// The library puts values in quotes and escapes the quotes in them, but not the
// backslashes.
func escapeBackslashes(s string) string { return strings.ReplaceAll(s, `\`, `\\`) }

// bare reports whether the library writes a property's value without quotes.
func bare(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("#$%&'*+,./-@[]\\^_`{|}~", r)
	})
}
