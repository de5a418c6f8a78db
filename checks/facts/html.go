package facts

import (
	"context"
	"strings"

	"golang.org/x/net/html"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/message"
)

// maxElements is how many elements of one HTML part are kept; a long newsletter
// has some thousand.
const maxElements = 50_000

// An HTMLBody is a text/html part that readers are shown, taken into its tags.
type HTMLBody struct {
	Part     *message.Part
	Elements []Element // in their order, up to maxElements
	Visible  string    // the text between the tags, without style, script and title
}

// An Element is the start tag of one element.
type Element struct {
	Name string // in lower case
	Raw  string // as written
	Text string // of a link: the text in it
	Attr map[string]string
}

// HTMLBodies are the HTML parts of the message that are no attachments. They are
// taken into tags, not into a tree: a tree of hostile HTML costs too much.
var HTMLBodies = fact.New("HTML", func(ctx context.Context, s *fact.Set) ([]HTMLBody, error) {
	tree, err := Tree.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	var bodies []HTMLBody
	for _, part := range tree.Parts {
		if part.MediaType == "text/html" && !part.IsAttachment() {
			bodies = append(bodies, readHTML(part))
		}
	}
	return bodies, nil
})

// An htmlReader gathers what is kept while it goes through the tags.
type htmlReader struct {
	body    HTMLBody
	visible strings.Builder
	hidden  string // the element whose text is not shown; empty outside one
	link    int    // index of the open link; -1 outside one
	text    strings.Builder
}

func readHTML(part *message.Part) HTMLBody {
	r := htmlReader{body: HTMLBody{Part: part}, link: -1}
	z := html.NewTokenizer(strings.NewReader(part.Text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.closeLink()
			r.body.Visible = r.visible.String()
			return r.body
		case html.TextToken:
			if r.hidden == "" {
				text := html.UnescapeString(string(z.Raw()))
				r.visible.WriteString(text)
				if r.link >= 0 {
					r.text.WriteString(text)
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.end(string(name))
		}
	}
}

// start takes a start tag. Between tags words do not run together.
func (r *htmlReader) start(z *html.Tokenizer) {
	raw := string(z.Raw())
	name, more := z.TagName()
	e := Element{Name: string(name), Raw: raw, Attr: map[string]string{}}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, again := e.Attr[string(key)]; !again { // the first one counts
			e.Attr[string(key)] = string(value)
		}
	}
	r.visible.WriteByte(' ')
	switch e.Name {
	case "style", "script", "title":
		r.hidden = e.Name
	case "a":
		r.closeLink()
	}
	if len(r.body.Elements) >= maxElements {
		return
	}
	r.body.Elements = append(r.body.Elements, e)
	if e.Name == "a" {
		r.link = len(r.body.Elements) - 1
	}
}

func (r *htmlReader) end(name string) {
	r.visible.WriteByte(' ')
	if name == r.hidden {
		r.hidden = ""
	}
	if name == "a" {
		r.closeLink()
	}
}

func (r *htmlReader) closeLink() {
	if r.link >= 0 {
		r.body.Elements[r.link].Text = strings.Join(strings.Fields(r.text.String()), " ")
	}
	r.link = -1
	r.text.Reset()
}
