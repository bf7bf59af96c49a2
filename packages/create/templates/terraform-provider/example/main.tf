terraform {
  required_providers {
    acme = { source = "example.com/acme/acme" }
  }
}

provider "acme" {
  folder = "${path.module}/files"
}

resource "acme_file" "greeting" {
  path    = "greeting.txt"
  content = "Hello Terraform!"
}

output "sha256" {
  value = acme_file.greeting.sha256
}
