package authres

import (
	"slices"
	"strings"
	"testing"
)

// normal leaves out what Format leaves out, in the order of the library.
func normal(f Field) Field {
	f.Version, f.None = "", len(f.Results) == 0
	f.Results = slices.Clone(f.Results)
	for i := range f.Results {
		r := &f.Results[i]
		r.Properties = slices.DeleteFunc(slices.Clone(r.Properties), func(p Property) bool { return p.Value == "" })
		slices.SortFunc(r.Properties, func(a, b Property) int { return strings.Compare(a.Type+"."+a.Name, b.Type+"."+b.Name) })
	}
	return f
}

// What is written is read back the same.
func TestFormat(t *testing.T) {
	result := func(r Result) Field { return Field{AuthServID: "mx.example.org", Results: []Result{r}} }
	value := func(v string) Field {
		return result(Result{Method: "spf", Value: "pass", Properties: []Property{{Type: "smtp", Name: "mailfrom", Value: v}}})
	}
	tests := []struct {
		name  string
		field Field
		want  string // a part of it
	}{
		{"nothing was tried", Field{AuthServID: "mx.example.org"}, "mx.example.org; none"},
		{"two results, folded", Field{AuthServID: "mx.example.org", Results: []Result{
			{Method: "spf", Value: "pass", Properties: []Property{{Type: "smtp", Name: "mailfrom", Value: "example.com"}}},
			{Method: "dkim", Value: "fail", Reason: "bad signature", Properties: []Property{{Type: "header", Name: "d", Value: "example.com"}}},
		}}, "mx.example.org;\r\n\tspf=pass smtp.mailfrom=example.com;\r\n\tdkim=fail reason=\"bad signature\" header.d=example.com"},
		{"a method's version", result(Result{Method: "dkim", Version: "2", Value: "pass"}), "dkim/2=pass"},
		{"a reason that needs escapes", result(Result{Method: "dkim", Value: "fail", Reason: `"no" \ (a; b=c)`}), `reason="\"no\" \\ (a; b=c)"`},
		{"a value with a semicolon", value("a;b@example.com"), `smtp.mailfrom="a;b@example.com"`},
		{"a value with quotes and backslashes", value(`"a\"b"@example.com`), ""},
		{"a value with a backslash only", value(`a\b`), ""},
		{"an address of IPv6", value("2001:db8::1"), `"2001:db8::1"`},
		{"a value in another script", value("ünal@bücher.example"), ""},
		{"a value with parentheses", value("a(b)@example.com"), ""},
		{"an empty value is left out", value(""), "spf=pass"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := Format(tt.field)
			if err != nil || !strings.Contains(text, tt.want) {
				t.Fatalf("Format() = %q, %v, want %q in it", text, err, tt.want)
			}
			again, issues := Parse(text)
			for _, i := range issues {
				if i.Severity == SeverityError {
					t.Errorf("%q: %+v", text, i)
				}
			}
			want := normal(tt.field)
			for i := range want.Results {
				(&parser{}).identify(&want.Results[i])
			}
			if written(normal(again)) != written(want) {
				t.Errorf("%q reads as %s, want %s", text, written(again), written(want))
			}
		})
	}
}

// What would come to be read as something else, or as another field, is not
// written.
func TestFormatRefuses(t *testing.T) {
	ok := Result{Method: "spf", Value: "pass"}
	with := func(change func(*Result)) Field {
		r := ok
		change(&r)
		return Field{AuthServID: "mx.example.org", Results: []Result{r}}
	}
	property := func(ptype, name, value string) Field {
		return with(func(r *Result) { r.Properties = []Property{{Type: ptype, Name: name, Value: value}} })
	}
	for name, f := range map[string]Field{
		"no authserv-id":                {Results: []Result{ok}},
		"another field in the id":       {AuthServID: "mx\r\nBcc: a@example.com", Results: []Result{ok}},
		"a result in the id":            {AuthServID: "mx; spf=pass", Results: []Result{ok}},
		"a method that is none":         with(func(r *Result) { r.Method = "spf pass" }),
		"no result":                     with(func(r *Result) { r.Value = "" }),
		"a result with a property":      with(func(r *Result) { r.Value = "pass smtp.helo=a" }),
		"a version that is no number":   with(func(r *Result) { r.Version = "x" }),
		"another field in a reason":     with(func(r *Result) { r.Reason = "a\r\nBcc: a@example.com" }),
		"another field in a value":      property("smtp", "helo", "a\r\nBcc: a@example.com"),
		"invalid UTF-8 in a value":      property("smtp", "helo", "\xff"),
		"a property without a type":     property("", "helo", "a"),
		"a property that is not a name": property("smtp", "he=lo", "a"),
		"a property twice": with(func(r *Result) {
			r.Properties = []Property{{Type: "smtp", Name: "helo", Value: "a"}, {Type: "smtp", Name: "helo", Value: "b"}}
		}),
	} {
		if text, err := Format(f); err == nil {
			t.Errorf("%s: written as %q", name, text)
		}
	}
}
