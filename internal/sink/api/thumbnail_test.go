package api

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// halves is an image, red on the left and blue on the right.
func halves(width, height int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{0xff, 0, 0, 0xff}
			if x >= width/2 {
				c = color.RGBA{0, 0, 0xff, 0xff}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// claiming is a PNG that says it is of another size.
func claiming(width, height uint32) []byte {
	b := halves(2, 2)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func withPart(content []byte) string {
	return "From: a@example.com\nMIME-Version: 1.0\nContent-Type: image/png; name=x.png\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(content) + "\n"
}

func TestThumbnails(t *testing.T) {
	s := newSink(t, nil)
	tests := []struct {
		name                string
		content             []byte
		left, right, corner color.RGBA
	}{
		{"a wide image", halves(800, 200), color.RGBA{0xff, 0, 0, 0xff}, color.RGBA{0, 0, 0xff, 0xff}, color.RGBA{0xff, 0xff, 0xff, 0xff}},
		{"an image that fits", halves(thumbWidth, thumbHeight), color.RGBA{0xff, 0, 0, 0xff}, color.RGBA{0, 0, 0xff, 0xff}, color.RGBA{0xff, 0, 0, 0xff}},
		{"no image", []byte("<script>alert(1)</script>"), white, white, white},
		{"an image bomb", claiming(60_000, 60_000), white, white, white},
		{"an image without end", claiming(1<<31-1, 1<<31-1), white, white, white},
		{"an image that ends early", halves(100, 100)[:60], white, white, white},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := s.add(withPart(tt.content))
			res, body := s.do("GET", "/api/v1/message/"+r.ID+"/part/1/thumb", nil)
			got, err := jpeg.Decode(bytes.NewReader(body))
			if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/jpeg" {
				t.Fatalf("%d %s: %v", res.StatusCode, res.Header.Get("Content-Type"), err)
			}
			if size := got.Bounds().Size(); size != image.Pt(thumbWidth, thumbHeight) {
				t.Errorf("%v", size)
			}
			for _, p := range []struct {
				x, y int
				want color.RGBA
			}{{thumbWidth / 4, thumbHeight / 2, tt.left}, {3 * thumbWidth / 4, thumbHeight / 2, tt.right}, {0, 0, tt.corner}} {
				if !near(got.At(p.x, p.y), p.want) {
					t.Errorf("the colour at %d, %d is %v, want %v", p.x, p.y, got.At(p.x, p.y), p.want)
				}
			}
		})
	}
}

var white = color.RGBA{0xff, 0xff, 0xff, 0xff}

func near(got color.Color, want color.RGBA) bool {
	r, g, b, _ := got.RGBA()
	for i, have := range []uint32{r >> 8, g >> 8, b >> 8} {
		if d := int(have) - int([]uint8{want.R, want.G, want.B}[i]); d < -12 || d > 12 {
			return false
		}
	}
	return true
}

func FuzzThumbnail(f *testing.F) {
	f.Add(halves(3, 2))
	f.Add(claiming(1000, 1000))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if size := thumbnail(content).Bounds().Size(); size != image.Pt(thumbWidth, thumbHeight) {
			t.Errorf("%v", size)
		}
	})
}
