module rxplug.test/interop/tls

go 1.24
