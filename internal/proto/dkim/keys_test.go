package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
)

// Keys for tests alone, so that runs are alike and need not make any.
const (
	testRSA2048 = `-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCm4rOjYo1JR44u
plTrj2Dr/RP9dsHfLHN4jKaz2L4eQAnzt89drvcBQCnLdU2QZJRISAZPZ+mehm4A
poxiF9bSZ0oTLjMAHmqWew2Tm6HNFBM9BUFLFZvuTR3nsZq/8c2sNN1IL/z5pwUE
ttQC4y95+CH/U/IQMPtYCZg1iARzfVxBPfQopDKUsT5YVglCjaLLq2m+AN1zkhF4
sOsqkHQz9GqZGMYQ2eNjj18MrbbZa5W9pu5Dm8xJAXQ4swDlpbk+fSbN4gD1A5zI
GncPWtBVO3Pmksz+rRmoNBnuFBykInVq4pm44DUl40Nt0j1M9iH2hZc0sb941mcO
awABaS15AgMBAAECggEAAiljcsTToQsalVy/SAtz/+2n4exuDzQ59fS3AK+t24kX
dT4s+/820PGmgPEu22yUGWhPUSuiSAovCcgz1IGdrw797IR8Dil9z3v+M5/lKefI
2EnDw0N0i69gOxTrSj/JV1rFACyOLaL0G5AJ3ff8TQt4yLV1pJqFJ5wLNM+G9nR7
tSxqSqy60C8a71IW+ohsRS6LG5dokx6OSh/fmxaQ5XgCJi6AzMbgDy16CKHrSQk9
Ej1qIbi1QlELlth763kvOeislBE/UzdrcImsl/kFrx418py35QGThChD8mpFjfq3
SITeuXOG/JAepQRf+KZGJgFlpV6zGruw08tIkUw3QQKBgQDQ57s3v1RyFka+8iOS
XEgVmYbB5e7y/6ymBCGfEm3OXM/ZitmN+AnR+ij+SjFtyZ0d7N/sSTt5xrWG69qc
45oHUyjlSgRPchgFgFdOOCq2JoJEMhx0zDief7/OGbtBFBYaC2hzg/5vlPccpFGM
uRoI+FMWJFQnbLKKbCAnZb7AwQKBgQDMgfI99hCoOQwGka+2Y18fXoVr0jOIPicp
1eQl2mNhVjf8eipu87A0tmSeMAOgEH2Lem7uPBUHZAb9K2IEaoYFLo/wwbXPbXXe
0qdL2Evg7S99PFBLgWlFNCOHZ80f5GNp2TRwdDoaabMOJ9uKOa0fZ6f7LizOgSaW
RwKbwEZiuQKBgQC91KWSneE9nrKA1wWt/P9f6VfEII4G8IBRh9WJeDSh3kLdmsfg
szExRpIzqPXLnvaP9+zvCQjrur6/sNjB0izoVRAHc0ABdVsQvLQZFv7w8INVNvgW
xnD4zntb7JP1Kix/VDiBJ8NwX7xBoaudJaLb3dOafj6eaK7BDEoXouQ4wQKBgHw3
pesKzh1P4UUQMplnDH0iTYorOE/V6LXZjGWNm/WgiAscLTANZobuDnmjEmCkA423
xS+BYQiHMlOOiU/DYDo/iQCkuIkQpJq+ew1viM9LYiAAhYkHRujY/YeefhKUB+pg
GyD/B9fJQhAkF46C7+v2ayr/ZgncmpKG+UefZ2FJAoGBAMF/d5q6G7BO37QEWlr/
d5axfbKkyWyCVQNb//WzEgNQmbHq7TODnXVczFMjQmv0ZQmorcVJbiaNrHB+9rQ7
YXb57hbNNhEgYV6fSvexqPxHNm+fIuNel7BHAlxiUN7UC+pK1+fTAscZ/yGgc1bS
9Y94JGitKizIexbWYERNo+SN
-----END PRIVATE KEY-----`
	testRSA1024 = `-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAM3aCMe27Ams3/wE
rvVz1yMvuNbbiyqwFsRw0LUi5PBosROw+qb3K08hfaQtLSR5W3Eb+shtwERndr1m
zyxS2fnOtqvdaBvAkDf7w94DkJOoZ1u0trNgGi4ailcZ5wo1S0grRl2+I1uHhTxO
fjXRxjjJcQmvjVJCqV08xyPCWvN5AgMBAAECgYEAtMIcq6KIqgZPuLE0IPzTkWY6
XRDzp0xw8ZZO7n/xoNmNhMkHkM3CDf5OoXe6CCk4jp4PHSiiiG6B6db5XOZz2EBz
pflxATqQIlK9dFxIAbFiPgQ8D+JgAtjq++fFtzoY+RJf8Mq37YdqLaqM92OS9NHS
xMQprgJaB5gkjckSfnECQQDxE92d8aJjrejfbjV1j4PJ/LLr7Qhqai4Uf7a0pXUT
UljyCOJRWNJckZeuAozR2mz+wj0UaBidXaIu+nymLHDnAkEA2pf56L16OAbjpBEn
9/uODnpkSOl3Ajb/HKrJBj9l+tfFO6fW8dUfPnSAUv84HPfOHod7KxrAs2f6iFzd
ABoMnwJAX4fRwC7qfLmDmFZh1M4kGTyL4jWxqgmdbP4W9orCU//Dw1WF6VpbMdd3
1bqo9tepbWKnNZjyeBmMlTUpg+gEbQJAUu9wWPZyxYkPm3MK6BJgLmwPWn6Bsaxu
FFFT3fP13Ds7UMv4SF6k8QxAl7zPbGY0pO6gM5V94VOlAVHCY8R+XwJAEPvvV588
TsL1GpJfDhkz5t3QyLQXwWToaSG3HdyEa8BFeYUztcDqGLtAXPgk8jySxg4vt4Ol
qt/SfCPKyJUq+Q==
-----END PRIVATE KEY-----`
	otherRSA = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDWchB+sHMqqucI
ALPKwpP3wtrAh2C5/3zWOZo2odNXpjJDWQlxbPiOoKT0/58Xor1Vp6sXOq0yix6S
FVs3BwhJ+8poc//EdxLzW07D769Qb/K4UX0ST8Fhqo2oX1lqwy5ZtQ8McohQWOGu
nlJWpP+0Bow+Im+aL1LRPLgGYAoacmZ9z94npVqdVSN04n7VXdaf1hZp7Fvd/73x
wn9gCJm2JfcQM5MYXdGbXeE96qlIBjHQXu1+lvhcGwPsQB5fXbFIc2jhx3QZrtbp
y6Jx2huL9LtM45D8DDJmnjlzML73YPt1z+0VDucqQxDBkpDMm1fJI3d9FcdXJWGU
RJQ3AEYpAgMBAAECggEAKiRKR4tHZpglRLZWnr70MxlQwcsY4BRsJPE29AuDK9NW
R1Pk/ixLAERjhl4BlrR9fqqvfaYjSS57uHuH7F1ubJOVqEc7eRFpYPeNmAWvLyCA
02X4LTQNLbNFmVP7j3aB0lE5ftm3HgsJdrZYOfy831T2FHPR+LvaC5JiG6ad9aov
kMWS/7WBCKYLmQ+K5Iacaqy5ekndHkFHYSMapxw4hlY9L6wwfIZ4tomZKCd0DI8e
UoprNL3Xox0rGLvxOZblcuQTeCBE7X6c9cNOLRseoRvWIdsP4KhQKbJYopBVwcWZ
emJ7aQz9Z3cgd6J36kJhksXbqfKNo1NDvWwZ1qn6PQKBgQDrfB1tQYzE/WAxlyro
CPDueQRr6LRBG3J5oMaoXLGa/BcfwgLrZbMOWaOlIghUHbH5fFCnifXsPNuITBzk
8b+Ngc4TtJFMAHcTQfxD4TSCNtwXERNJUIHAEBl8j9PH6EHXkjcY6HjEhRVjnrma
ndU8XKpf9J7N6HIKl4x1CKG3iwKBgQDpILkGY/gXFTERm6l6IlM/Eck3E7A3EBrw
lbW8nJiyYwUXO467NAeLmZ5pogYlxw7uF+RqqnIrSmK4oYc6WhNvX6aoR5gNJklO
khQvljTmWjw3lyBKnhR/iUuBI4ICkN+qvLKnTOs9sHA1AJmkNsxkRWK4pIHgF1yN
2tThDJ8PmwKBgAIlJkt5fmPI/xhUjTKB6lfxyEWHYCT7sAZFnamo9oE37KoAZXBp
g8EMtf3qGnNRte5U4JM2IYReZY2PS/AV9629UfhB+9TaaDtHrZmcspLBFy4qnKdd
UWFDhEfrM32tsvPYxCG49Git4az/pCcxauDa4z5uhwfPJ0LLcJ8cTgTTAoGAQYbu
Guq8kBhny3A6idbeGUsxiKajEEcZm2gpRhOqI/ILO0WFT/9G46lRSpW9Lp8uBiR3
ErhIEPz+lLDqZq9s6RA0svY0ufV6A3ix7dJFmj3g0StMa0zVrCd2Lp1BbOE1zTLu
8HGBabyPPYamqO6yMrkCD65Fxywp2sGYto0qpGMCgYEA0TI9PNIyILfcVc8PZZ8b
Hqpilpqj5YX45RxUIVa27bIRAvHo/+doTGOFjltTtROk7DwF0GnHiidy5I1qiwWx
LGBeUbISxU/c1L7uESar9fOT/EmiEgBE6daoTfdRwYlmkIU9swr8vnrfi2LwV4jm
VlTZQngtHyuSgthGxirZPlg=
-----END PRIVATE KEY-----`
)

func rsaTestKey(tb testing.TB, text string) *rsa.PrivateKey {
	tb.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func ed25519TestKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("thirty-two octets, for test only"))
}

// keyText returns the key record of a private key.
func keyText(tb testing.TB, key crypto.Signer) string {
	tb.Helper()
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	default:
		return "v=DKIM1; k=rsa; p=" + spki(tb, public)
	}
}

func spki(tb testing.TB, public any) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// rawRSA returns p= for any two numbers, as a bare RSAPublicKey.
func rawRSA(tb testing.TB, n, e *big.Int) string {
	tb.Helper()
	der, err := asn1.Marshal(rsaPublicKey{n, e})
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// odd returns an odd number of so many bits.
func odd(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.SetBit(n, 0, 1)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
