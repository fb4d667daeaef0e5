package routing_test

// lookupCases hold route sets ("METHOD host/path") with requests and what they
// meet: the route with its captures, or 400, 404, or 405 and Allow.
var lookupCases = []struct {
	name     string
	routes   string
	requests string
}{
	{"no routes", ``, `
		GET h/ => 404
		GET h/greet => 404
		GET h/%zz => 400
		TRACE h/greet => 405
		OPTIONS * => 400
	`},
	{"exact", `
		GET /greet
		GET /
		GET /a/b
		POST /only-post
	`, `
		GET h/greet => GET /greet
		GET h/ => GET /
		GET h/a/b => GET /a/b
		GET h/greet/ => 404
		GET h//greet => 404
		GET h/Greet => 404
		GET h/GREET => 404
		GET h/gree => 404
		GET h/greets => 404
		GET h/greet/x => 404
		GET h/a => 404
		GET h/a/ => 404
		GET h/a/b/ => 404
		GET h/a//b => 404
		GET h/./greet => 404
		GET h/a/../greet => 404
		GET h/a/b/. => 404
		HEAD h/greet => GET /greet
		POST h/greet => 405 GET,HEAD
		OPTIONS h/greet => 405 GET,HEAD
		TRACE h/greet => 405 GET,HEAD
		get h/greet => 405 GET,HEAD
		GET h/only-post => 405 POST
		HEAD h/only-post => 405 POST
		POST h/only-post => POST /only-post
		PURGE h/only-post => 405 POST
	`},
	{"trailing slash is another path", `
		GET /greet
		POST /greet/
	`, `
		GET h/greet => GET /greet
		GET h/greet/ => 405 POST
		POST h/greet => 405 GET,HEAD
		POST h/greet/ => POST /greet/
	`},
	{"prefix", `
		GET /files/*
	`, `
		GET h/files/a => GET /files/* rest=a
		GET h/files/a/b/c => GET /files/* rest=a/b/c
		GET h/files/ => GET /files/* rest=
		GET h/files => 404
		GET h/files// => GET /files/* rest=/
		GET h/files//a => GET /files/* rest=/a
		GET h/files/a/ => GET /files/* rest=a/
		GET h/filesx => 404
		GET h/files/.. => GET /files/* rest=..
		GET h/files/../x => GET /files/* rest=../x
		GET h/files/. => GET /files/* rest=.
		GET h/files/a%2Fb => GET /files/* rest=a/b
		GET h/files/%2e%2e/x => GET /files/* rest=../x
		GET h/files/a%20b => GET /files/* rest=a b
		GET h/files/a+b => GET /files/* rest=a+b
		GET h/files/100%25 => GET /files/* rest=100%
		GET h/files/%252F => GET /files/* rest=%2F
		GET h/files%2Fa => 404
		POST h/files/a => 405 GET,HEAD
		HEAD h/files/a => GET /files/* rest=a
		GET h/files/* => GET /files/* rest=*
		GET h/files/a%zz => 400
	`},
	{"root prefix", `
		ANY /*
	`, `
		GET h/ => ANY /* rest=
		GET h/a => ANY /* rest=a
		GET h//a => ANY /* rest=/a
		BREW h/pot => ANY /* rest=pot
		OPTIONS h/x => ANY /* rest=x
		CONNECT h/x => ANY /* rest=x
		TRACE h/x => 405 DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT
		GET h/api => 404
		GET h/api/v1/x => 404
		GET h/%61pi/v1 => 404
		GET h/healthz => 404
		GET h/%68ealthz => 404
		GET h/admin/ => 404
		GET h/metrics/x => 404
		GET h/version => 404
		GET h/readyz => 404
		GET h/API => ANY /* rest=API
		GET h/apis => ANY /* rest=apis
		GET h//api => ANY /* rest=/api
		GET h/./api => ANY /* rest=./api
		GET h/api%2Fv1 => 404
		GET h/%2Fapi => ANY /* rest=/api
		GET h/x/api => ANY /* rest=x/api
		GET h/% => 400
		GET h/%4 => 400
		GET h/%g0 => 400
		GET h/%0g => 400
	`},
	{"empty segment in a prefix", `
		GET /x//*
		GET /x/*
	`, `
		GET h/x/ => GET /x/* rest=
		GET h/x// => GET /x//* rest=
		GET h/x//a => GET /x//* rest=a
		GET h/x/a => GET /x/* rest=a
	`},
	{"param", `
		GET /users/:id
		GET /users/:id/posts/:post
	`, `
		GET h/users/7 => GET /users/:id id=7
		GET h/users/ => 404
		GET h/users => 404
		GET h/users/7/ => 404
		GET h/users/7/posts => 404
		GET h/users/7/posts/9 => GET /users/:id/posts/:post id=7 post=9
		GET h/users//posts/9 => 404
		GET h/users/7/posts/ => 404
		GET h/users/a%2Fb => GET /users/:id id=a/b
		GET h/users/a%20b => GET /users/:id id=a b
		GET h/users/%C3%A4 => GET /users/:id id=ä
		GET h/users/ä => GET /users/:id id=ä
		GET h/users/a:b => GET /users/:id id=a:b
		GET h/users/:id => GET /users/:id id=:id
		GET h/users/. => GET /users/:id id=.
		GET h/users/.. => GET /users/:id id=..
		GET h/users/%25 => GET /users/:id id=%
		GET h/users/%2525 => GET /users/:id id=%25
		GET h/users/% => 400
		HEAD h/users/7 => GET /users/:id id=7
		DELETE h/users/7 => 405 GET,HEAD
		TRACE h/users/7 => 405 GET,HEAD
	`},
	{"param in front", `
		GET /:a
		GET /:a/x
		GET /:a/:b/:c
	`, `
		GET h/ => 404
		GET h/1 => GET /:a a=1
		GET h/1/x => GET /:a/x a=1
		GET h/1/y => 404
		GET h/1/2/3 => GET /:a/:b/:c a=1 b=2 c=3
		GET h/api => 404
		GET h/api/x => 404
	`},
	{"colons and device spellings", `
		POST /sensors/:device/measures
		GET /data/*
		GET /sensors/airgradient%3Aabc/config
	`, `
		POST h/sensors/airgradient:abc/measures => POST /sensors/:device/measures device=airgradient:abc
		GET h/sensors/airgradient:abc/config => GET /sensors/airgradient%3Aabc/config
		GET h/sensors/airgradient%3aabc/config => GET /sensors/airgradient%3Aabc/config
		GET h/data/&PASSKEY=AB&tempf=70.1 => GET /data/* rest=&PASSKEY=AB&tempf=70.1
		GET h/data/a=b;c=d => GET /data/* rest=a=b;c=d
		GET h/data => 404
	`},
	{"escapes compare after decoding", `
		GET /caf%C3%A9
		GET /a%2Fb
		GET /a%2525b
		GET /sp%20ace
		GET /t~e
	`, `
		GET h/caf%c3%a9 => GET /caf%C3%A9
		GET h/café => GET /caf%C3%A9
		GET h/%63afé => GET /caf%C3%A9
		GET h/a%2Fb => GET /a%2Fb
		GET h/a%2fb => GET /a%2Fb
		GET h/%61%2f%62 => GET /a%2Fb
		GET h/a/b => 404
		GET h/a%2525b => GET /a%2525b
		GET h/a%25b => 404
		GET h/a%252Fb => 404
		GET h/sp%20ace => GET /sp%20ace
		GET h/sp+ace => 404
		GET h/t%7Ee => GET /t~e
	`},
	{"exact before param before prefix", `
		GET /u/me
		GET /u/:id
		GET /u/*
	`, `
		GET h/u/me => GET /u/me
		GET h/u/7 => GET /u/:id id=7
		GET h/u/7/x => GET /u/* rest=7/x
		GET h/u/ => GET /u/* rest=
		GET h/u/me/ => GET /u/* rest=me/
		GET h/u => 404
	`},
	{"more leading literals win", `
		GET /a/*
		GET /a/b/*
		GET /a/b/c/*
		GET /:x/b/c/d
		GET /a/:y/z
	`, `
		GET h/a/q => GET /a/* rest=q
		GET h/a/b => GET /a/* rest=b
		GET h/a/b/q => GET /a/b/* rest=q
		GET h/a/b/c => GET /a/b/* rest=c
		GET h/a/b/c/ => GET /a/b/c/* rest=
		GET h/a/b/c/d => GET /a/b/c/* rest=d
		GET h/q/b/c/d => GET /:x/b/c/d x=q
		GET h/a/b/z => GET /a/b/* rest=z
		GET h/a/q/z => GET /a/:y/z y=q
		GET h/a/q/w => GET /a/* rest=q/w
	`},
	{"prefix with more literals before param", `
		GET /a/b/*
		GET /a/:x/:y
	`, `
		GET h/a/b/c => GET /a/b/* rest=c
		GET h/a/q/c => GET /a/:x/:y x=q y=c
		GET h/a/b => 404
	`},
	{"tie: param before prefix", `
		GET /a/*
		GET /a/:x/c
		GET /*
		GET /:p/:q
	`, `
		GET h/a/b/c => GET /a/:x/c x=b
		GET h/a/b => GET /a/* rest=b
		GET h/z/y => GET /:p/:q p=z q=y
		GET h/z/y/x => GET /* rest=z/y/x
		GET h/ => GET /* rest=
		GET h/a/ => GET /a/* rest=
		GET h/z/ => GET /* rest=z/
	`},
	{"params: the leftmost literal decides", `
		GET /a/:y/c
		POST /a/b/:z
		PUT /:x/b/c
		DELETE /:x/:y/c
	`, `
		GET h/a/b/c => GET /a/:y/c y=b
		POST h/a/b/c => POST /a/b/:z z=c
		PUT h/a/b/c => PUT /:x/b/c x=a
		DELETE h/a/b/c => DELETE /:x/:y/c x=a y=b
		HEAD h/a/b/c => GET /a/:y/c y=b
		PATCH h/a/b/c => 405 DELETE,GET,HEAD,POST,PUT
		PATCH h/q/b/c => 405 DELETE,PUT
		GET h/q/b/c => 405 DELETE,PUT
	`},
	{"a route of another method is passed over", `
		POST /a/b
		GET /a/:x
		PUT /a/*
		DELETE /*
	`, `
		POST h/a/b => POST /a/b
		GET h/a/b => GET /a/:x x=b
		PUT h/a/b => PUT /a/* rest=b
		DELETE h/a/b => DELETE /* rest=a/b
		PATCH h/a/b => 405 DELETE,GET,HEAD,POST,PUT
		TRACE h/a/b => 405 DELETE,GET,HEAD,POST,PUT
		PATCH h/a/c => 405 DELETE,GET,HEAD,PUT
		PATCH h/q => 405 DELETE
	`},
	{"ANY", `
		ANY /any
		ANY /p/:x
		GET /p/:x/y
		ANY /p/*
	`, `
		GET h/any => ANY /any
		HEAD h/any => ANY /any
		POST h/any => ANY /any
		OPTIONS h/any => ANY /any
		PROPFIND h/any => ANY /any
		M-SEARCH h/any => ANY /any
		ANY h/any => ANY /any
		any h/any => ANY /any
		TRACE h/any => 405 DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT
		POST h/p/1 => ANY /p/:x x=1
		POST h/p/1/y => ANY /p/* rest=1/y
		GET h/p/1/y => GET /p/:x/y x=1
		TRACE h/p/1/y => 405 DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT
	`},
	{"HEAD", `
		GET /g
		HEAD /h
		GET /b
		HEAD /b
		HEAD /deep/*
		GET /deep/er/*
	`, `
		HEAD h/g => GET /g
		HEAD h/h => HEAD /h
		GET h/h => 405 HEAD
		HEAD h/b => HEAD /b
		GET h/b => GET /b
		POST h/b => 405 GET,HEAD
		HEAD h/deep/x => HEAD /deep/* rest=x
		HEAD h/deep/er/x => GET /deep/er/* rest=x
		GET h/deep/x => 405 HEAD
		PUT h/deep/er/x => 405 GET,HEAD
	`},
	{"unusual methods", `
		OPTIONS /o
		PURGE /o
		M-SEARCH /m
	`, `
		OPTIONS h/o => OPTIONS /o
		PURGE h/o => PURGE /o
		GET h/o => 405 OPTIONS,PURGE
		M-SEARCH h/m => M-SEARCH /m
		TRACE h/m => 405 M-SEARCH
	`},
	{"strict host", `
		GET Pi.Local/x
		GET other.local:8080/x
		GET dot.local./x
		GET [::1]/x
		GET 192.168.1.5/x
	`, `
		GET pi.local/x => GET Pi.Local/x
		GET PI.LOCAL/x => GET Pi.Local/x
		GET pi.local:8080/x => GET Pi.Local/x
		GET pi.local./x => GET Pi.Local/x
		GET pi.local.:80/x => GET Pi.Local/x
		GET other.local/x => GET other.local:8080/x
		GET other.local:1/x => GET other.local:8080/x
		GET dot.local/x => GET dot.local./x
		GET a.pi.local/x => 404
		GET local/x => 404
		GET [::1]/x => GET [::1]/x
		GET [::1]:8080/x => GET [::1]/x
		GET 192.168.1.5:80/x => GET 192.168.1.5/x
		GET 192.168.1.6/x => 404
		GET /x => 404
	`},
	{"wildcard host", `
		GET *.example.com/x
		GET *.b.example.com/x
		GET example.com/x
	`, `
		GET a.example.com/x => GET *.example.com/x
		GET A.EXAMPLE.com:80/x => GET *.example.com/x
		GET a.a.example.com/x => GET *.example.com/x
		GET a.b.example.com/x => GET *.b.example.com/x
		GET a.a.b.example.com/x => GET *.b.example.com/x
		GET b.example.com/x => GET *.example.com/x
		GET example.com/x => GET example.com/x
		GET .example.com/x => 404
		GET aexample.com/x => 404
		GET example.com.evil/x => 404
		GET a.example.com./x => GET *.example.com/x
	`},
	{"falling through the hosts", `
		GET pi.example.com/one
		GET *.example.com/two
		GET *.com/three
		GET /four
		GET /one
		GET *.com/two
	`, `
		GET pi.example.com/one => GET pi.example.com/one
		GET pi.example.com/two => GET *.example.com/two
		GET pi.example.com/three => GET *.com/three
		GET pi.example.com/four => GET /four
		GET pi.example.com/five => 404
		GET x.example.com/one => GET /one
		GET x.y.com/two => GET *.com/two
		GET h/one => GET /one
		GET h/two => 404
		GET /four => GET /four
	`},
	{"another method in a host ends the search", `
		POST pi.local/x
		GET /x
		PUT *.local/x
		GET *.local/y
		GET /*
		POST pi.local/p/*
	`, `
		GET pi.local/x => 405 POST
		PUT pi.local/x => 405 POST
		POST pi.local/x => POST pi.local/x
		PUT a.local/x => PUT *.local/x
		GET a.local/x => 405 PUT
		GET h/x => GET /x
		GET pi.local/y => GET *.local/y
		POST pi.local/y => 405 GET,HEAD
		GET pi.local/p/q => 405 POST
		GET a.local/p/q => GET /* rest=p/q
		GET pi.local/z => GET /* rest=z
		TRACE pi.local/x => 405 POST
		TRACE pi.local/zz => 405 GET,HEAD
	`},
	{"a prefix of a nearer host beats an exact path of a farther one", `
		GET pi.local/*
		GET /exact
	`, `
		GET pi.local/exact => GET pi.local/* rest=exact
		GET h/exact => GET /exact
	`},
	{"backtracking", `
		GET /a/b/c/d/e
		GET /a/b/:x/d/f
		GET /a/:y/c/d/g
		GET /:z/b/c/d/h
		GET /*
	`, `
		GET h/a/b/c/d/e => GET /a/b/c/d/e
		GET h/a/b/c/d/f => GET /a/b/:x/d/f x=c
		GET h/a/b/c/d/g => GET /a/:y/c/d/g y=b
		GET h/a/b/c/d/h => GET /:z/b/c/d/h z=a
		GET h/a/b/c/d/i => GET /* rest=a/b/c/d/i
		GET h/a/b/c/d => GET /* rest=a/b/c/d
		POST h/a/b/c/d/h => 405 GET,HEAD
	`},
}
