package report

import (
	"bytes"
	"encoding/json"
	"io"
)

// jsonWriter writes one indented object, or an array of them.
type jsonWriter struct {
	w       io.Writer
	several bool
	written int
}

func newJSON(w io.Writer, style Style) Writer { return &jsonWriter{w: w, several: style.Several} }

func (j *jsonWriter) Write(r *Report) error {
	var b bytes.Buffer
	if j.several {
		b.WriteString(map[bool]string{true: "[\n", false: ",\n"}[j.written == 0])
	}
	j.written++
	if err := encode(&b, r, "  "); err != nil {
		return err
	}
	text := b.Bytes()
	if j.several {
		text = bytes.TrimRight(text, "\n")
	}
	_, err := j.w.Write(text)
	return err
}

func (j *jsonWriter) Close() error {
	if !j.several {
		return nil
	}
	end := "\n]\n"
	if j.written == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// ndjsonWriter writes an object a line.
type ndjsonWriter struct{ w io.Writer }

func newNDJSON(w io.Writer, _ Style) Writer { return ndjsonWriter{w} }

func (n ndjsonWriter) Write(r *Report) error {
	var b bytes.Buffer
	if err := encode(&b, r, ""); err != nil {
		return err
	}
	_, err := n.w.Write(b.Bytes())
	return err
}

func (n ndjsonWriter) Close() error { return nil }

func encode(b *bytes.Buffer, r *Report, indent string) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false) // evidence is full of < and >
	e.SetIndent("", indent)
	return e.Encode(r)
}
