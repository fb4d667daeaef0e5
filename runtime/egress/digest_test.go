package egress

import "testing"

// The examples of RFC 7616, 3.9.1, and of RFC 2617, 3.5.
func TestDigestVectors(t *testing.T) {
	t.Parallel()
	const nonce7616, cnonce7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	head := `Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="` + nonce7616 + `", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`
	mufasa := &Credentials{User: "Mufasa", Password: "Circle of Life"}
	for _, c := range []struct {
		name        string
		headers     []string
		credentials *Credentials
		method, uri string
		cnonce      string
		want        string
	}{
		{"SHA-256", []string{head + ", algorithm=SHA-256"}, mufasa, "GET", "/dir/index.html", cnonce7616,
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"MD5", []string{head + ", algorithm=MD5"}, mufasa, "GET", "/dir/index.html", cnonce7616, "8ca523f5e9506fed4657c9700eebdbec"},
		{"both, MD5 first", []string{head + ", algorithm=MD5", head + ", algorithm=SHA-256"}, mufasa, "GET", "/dir/index.html", cnonce7616,
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"both in one field", []string{head + ", algorithm=SHA-256, " + head + ", algorithm=MD5, Basic realm=\"x\""}, mufasa, "GET", "/dir/index.html", cnonce7616,
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"RFC 2617", []string{`Digest realm="testrealm@host.com",qop="auth,auth-int",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",opaque="5ccc069c403ebaf9f0171e9517f40e41"`},
			&Credentials{User: "Mufasa", Password: "Circle Of Life"}, "GET", "/dir/index.html", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
		{"RFC 2069", []string{`Basic realm="x"`, `Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`},
			&Credentials{User: "Mufasa", Password: "Circle Of Life"}, "GET", "/dir/index.html", "unused", "670fd8c2df070c60b045671b8b24ff02"},
	} {
		asked, ok := strongestChallenge(c.headers)
		if !ok {
			t.Errorf("%s: not understood", c.name)
			continue
		}
		all := digestChallenges(asked.answer(c.credentials, c.method, c.uri, c.cnonce))
		if len(all) != 1 || all[0]["response"] != c.want || all[0]["username"] != "Mufasa" || all[0]["uri"] != c.uri {
			t.Errorf("%s: %v, want response %s", c.name, all, c.want)
		}
	}
}

func TestDigestChallengesThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"", "Basic realm=x", "Digest", "Digest realm=x", `Digest nonce=""`, `Digest nonce="n", algorithm=SHA-512-256`, `Digest nonce="n", qop="auth-int"`, `Digest nonce="n", qop=""`,
		`Negotiate abc==`, `Bearer x, nonce="n"`, "=", ",,,", `"`, `Digest nonce="n`[:12],
	} {
		if asked, ok := strongestChallenge([]string{header}); ok {
			t.Errorf("%q: %+v", header, asked)
		}
	}
	quoted, ok := strongestChallenge([]string{`Digest realm="a\"b\\c, Digest nonce=x", nonce="n", qop=auth, algorithm="SHA-256-sess"`})
	if !ok || quoted.realm != `a"b\c, Digest nonce=x` || !quoted.session || !quoted.qop {
		t.Errorf("%+v", quoted)
	}
}

func FuzzDigestChallenges(f *testing.F) {
	f.Add(`Digest realm="x", nonce="n", qop="auth"`)
	f.Add(`Basic abc==, Digest a=b,c="d\"`)
	f.Fuzz(func(t *testing.T, header string) {
		if asked, ok := strongestChallenge([]string{header}); ok {
			asked.answer(&Credentials{User: "u", Password: "p"}, "GET", "/", "c")
		}
	})
}
