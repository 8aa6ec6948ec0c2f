module pullthrough.test/aqua

go 1.24

require github.com/aquaproj/aqua/v2 v2.45.0
