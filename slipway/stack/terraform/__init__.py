"""A recorded stack as Terraform JSON, and what the real AWS provider says to it.

Nothing here deploys anything: `pulumi up` does. Terraform is used because the provider behind
`pulumi-aws` is Terraform's own, and it plans without an account.
"""
