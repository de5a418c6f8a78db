package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestNewest(t *testing.T) {
	for stats, want := range map[string]string{
		`{"2019-02":"n","2021-05":"y"}`:            "2021-05",
		`{"2026-04":"n","2021-03":"y"}`:            "2026-04", // in the wrong order
		`{"15":"y","14":"n"}`:                      "15",
		`{"9.1":"y","10":"n"}`:                     "10",
		`{"2011":"n","2016":"n","16.80":"y"}`:      "16.80", // a year is no number of a version
		`{"2019-02":"n","16.80":"y","2024-10":""}`: "2024-10",
		`{}`: "",
	} {
		var v versions
		if err := json.Unmarshal([]byte(stats), &v); err != nil {
			t.Fatal(err)
		}
		if got := v.newest().name; got != want {
			t.Errorf("the newest of %s is %q, want %q", stats, got, want)
		}
	}
}

func TestCompact(t *testing.T) {
	var features []string
	for _, slug := range strings.Fields("b a " + strings.Repeat("x ", fewTests)) {
		features = append(features, `{"slug":"`+slug+`","title":"T","description":"","category":"css","tags":[],"keywords":null,"url":"",
			"stats":{"gmail":{"ios":{"2019-02":"n","2020-02":"a #1 #2"}},"outlook":{"outlook-com":{"2019-02":"u"}}},"notes_by_num":{"1":"one","2":"two"}}`)
	}
	in := `{"last_update_date":"2026-05-13 14:45:41 +0000","nicenames":{"family":{"gmail":"Gmail"},"platform":{"ios":"iOS","outlook-com":"Outlook.com"}},
		"data":[` + strings.Join(features, ",") + `]}`
	var out bytes.Buffer
	if err := compact(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	const want = `{
"updated": "2026-05-13",
"clients": [
{"id":"gmail.ios","family":"Gmail","name":"Gmail iOS"},
{"id":"outlook.outlook-com","family":"outlook","name":"Outlook.com"}
],
"features": [
{"slug":"a","title":"T","category":"css","notes_by_num":{"1":"one","2":"two"},"support":"a1,2@2020-02 -"},
`
	if got := out.String(); !strings.HasPrefix(got, want) || !json.Valid(out.Bytes()) {
		t.Errorf("compacted:\n%s\nwant it to begin\n%s", got, want)
	}
}
