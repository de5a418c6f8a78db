package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/postmuster/postmuster/internal/message"
)

// mail returns a message of about size bytes with words of a language: few are
// frequent, most are rare. What is above 32 KB is an attachment.
func mail(n, size int) *message.Message {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	zipf := rand.NewZipf(r, 1.1, 5, 20_000)
	text := min(size, 32<<10)
	b := bytes.NewBuffer(make([]byte, 0, size+200))
	fmt.Fprintf(b, "From: User %d <user%d@example.net>\r\nTo: rcpt%d@example.com\r\nSubject: number %d word%d\r\nMessage-ID: <%d@example.net>\r\n",
		n%1000, n%1000, n%100, n, zipf.Uint64(), n)
	if size > text {
		b.WriteString("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n")
	}
	b.WriteString("\r\n")
	for b.Len() < text {
		for range 10 {
			fmt.Fprintf(b, "word%d ", zipf.Uint64())
		}
		b.WriteString("\r\n")
	}
	if size > text {
		attach(b, r, size)
	}
	return &message.Message{
		Raw: b.Bytes(), Origin: message.OriginSMTP,
		Envelope: &message.Envelope{
			MailFrom: fmt.Sprintf("user%d@example.net", n%1000),
			Rcpt:     []message.Rcpt{{To: fmt.Sprintf("rcpt%d+t%d@example.com", n%100, n%50)}},
		},
		Session: &message.Session{Peer: netip.MustParseAddrPort("127.0.0.1:40000"), HELO: "client.example.net", ESMTP: true},
	}
}

// attach appends random bytes as base64, as a picture is.
func attach(b *bytes.Buffer, r *rand.Rand, size int) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b.WriteString("--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.png\r\n\r\n")
	for b.Len() < size-10 {
		var line [78]byte
		for i := range 76 {
			line[i] = alphabet[r.Uint32()&63]
		}
		line[76], line[77] = '\r', '\n'
		b.Write(line[:])
	}
	b.WriteString("--b--\r\n")
}
