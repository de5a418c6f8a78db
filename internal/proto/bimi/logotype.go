package bimi

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxLogotype bounds the extension: an indicator in base64, and little else.
const maxLogotype = 256 << 10

// A Logotype is the image that a certificate embeds (RFC 9399, which
// replaces RFC 3709 and RFC 6170).
type Logotype struct {
	MediaType string // "image/svg+xml"
	Data      []byte // as embedded: gzip, as a rule
	// HashMatches: a hash that stands beside the image is the image's.
	HashMatches bool
}

// ParseLogotype reads the logotype extension of a certificate: the first image
// of its subject logo, which has to be embedded as a data: URI.
//
//	LogotypeExtn ::= SEQUENCE {
//	  communityLogos [0] EXPLICIT SEQUENCE OF LogotypeInfo OPTIONAL,
//	  issuerLogo     [1] EXPLICIT LogotypeInfo OPTIONAL,
//	  subjectLogo    [2] EXPLICIT LogotypeInfo OPTIONAL, … }
//	LogotypeInfo ::= CHOICE { direct [0] LogotypeData, indirect [1] LogotypeReference }
//	LogotypeData ::= SEQUENCE { image SEQUENCE OF LogotypeImage OPTIONAL, … }
//	LogotypeImage ::= SEQUENCE { imageDetails LogotypeDetails, … }
func ParseLogotype(extension []byte) (Logotype, error) {
	if len(extension) > maxLogotype {
		return Logotype{}, errors.New("the logotype extension is too large")
	}
	der := cryptobyte.String(extension)
	var logotypes, subject, info, images, image cryptobyte.String
	var hasSubject, isDirect bool
	switch {
	case !der.ReadASN1(&logotypes, cbasn1.SEQUENCE) || !der.Empty(),
		!logotypes.SkipOptionalASN1(contextTag(0)),
		!logotypes.SkipOptionalASN1(contextTag(1)),
		!logotypes.ReadOptionalASN1(&subject, &hasSubject, contextTag(2)):
		return Logotype{}, errors.New("the logotype extension is malformed")
	case !hasSubject:
		return Logotype{}, errors.New("the logotype extension has no subject logo")
	case !subject.ReadOptionalASN1(&info, &isDirect, contextTag(0)):
		return Logotype{}, errors.New("the subject logo is malformed")
	case !isDirect:
		return Logotype{}, errors.New("the subject logo is not embedded")
	case !info.ReadASN1(&images, cbasn1.SEQUENCE) || !images.ReadASN1(&image, cbasn1.SEQUENCE):
		return Logotype{}, errors.New("the subject logo has no image")
	}
	return parseDetails(image)
}

func contextTag(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

// parseDetails reads
//
//	LogotypeDetails ::= SEQUENCE {
//	  mediaType    IA5String,
//	  logotypeHash SEQUENCE SIZE (1..MAX) OF HashAlgAndValue,
//	  logotypeURI  SEQUENCE SIZE (1..MAX) OF IA5String }
func parseDetails(image cryptobyte.String) (Logotype, error) {
	var details, mediaType, hashes, uris, uri cryptobyte.String
	if !image.ReadASN1(&details, cbasn1.SEQUENCE) ||
		!details.ReadASN1(&mediaType, cbasn1.IA5String) ||
		!details.ReadASN1(&hashes, cbasn1.SEQUENCE) ||
		!details.ReadASN1(&uris, cbasn1.SEQUENCE) ||
		!uris.ReadASN1(&uri, cbasn1.IA5String) {
		return Logotype{}, errors.New("the image of the subject logo is malformed")
	}
	data, err := dataURI(string(uri))
	if err != nil {
		return Logotype{}, fmt.Errorf("read the image of the subject logo: %w", err)
	}
	matches, err := hashMatches(hashes, data)
	if err != nil {
		return Logotype{}, err
	}
	return Logotype{MediaType: string(mediaType), Data: data, HashMatches: matches}, nil
}

// dataURI decodes "data:image/svg+xml;base64,…" (RFC 2397).
func dataURI(uri string) ([]byte, error) {
	const scheme = "data:"
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return nil, errors.New("it is not a data: URI")
	}
	header, data, ok := strings.Cut(uri, ",")
	if !ok || !strings.HasSuffix(strings.ToLower(header), ";base64") {
		return nil, errors.New("the data: URI is not base64")
	}
	data = strings.Join(strings.Fields(data), "")
	decoded, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, errors.New("the data: URI is not base64")
	}
	return decoded, nil
}

var (
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// hashMatches compares the hashes beside an image with the image, as embedded
// or uncompressed: issuers have done either.
//
//	HashAlgAndValue ::= SEQUENCE { hashAlg AlgorithmIdentifier, hashValue OCTET STRING }
func hashMatches(hashes cryptobyte.String, data []byte) (bool, error) {
	const maxHashes = 8
	text, _, _ := decompress(data)
	matches := false
	for range maxHashes {
		if hashes.Empty() {
			break
		}
		var pair, algorithm, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !hashes.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
			!algorithm.ReadASN1ObjectIdentifier(&oid) || !pair.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return false, errors.New("the hash of the subject logo is malformed")
		}
		for _, form := range [][]byte{data, text} {
			sum := digest(oid, form)
			matches = matches || sum != nil && bytes.Equal(sum, value)
		}
	}
	return matches, nil
}

// digest returns nil if the algorithm is not known.
func digest(oid asn1.ObjectIdentifier, data []byte) []byte {
	switch {
	case oid.Equal(oidSHA1):
		sum := sha1.Sum(data)
		return sum[:]
	case oid.Equal(oidSHA256):
		sum := sha256.Sum256(data)
		return sum[:]
	case oid.Equal(oidSHA384):
		sum := sha512.Sum384(data)
		return sum[:]
	case oid.Equal(oidSHA512):
		sum := sha512.Sum512(data)
		return sum[:]
	default:
		return nil
	}
}
