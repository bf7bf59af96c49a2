module rxplug.test/interop/netrpc

go 1.24
