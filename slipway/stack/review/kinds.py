"""What is lost or interrupted when a resource of some type is deleted or made anew."""

from collections.abc import Mapping

DATA: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it",
    "aws:dynamodb/table:Table": "the items in it",
    "aws:ebs/volume:Volume": "what is on the volume",
    "aws:ecr/repository:Repository": "the images in it, which servers start from",
    "aws:efs/fileSystem:FileSystem": "the files in it",
    "aws:kms/key:Key": "what it encrypted can be read by nobody, once its waiting period is over",
    "aws:rds/instance:Instance": "the database",
    "aws:s3/bucket:Bucket": "the objects in it; AWS deletes it only once it is empty",
    "aws:secretsmanager/secret:Secret": "the secret's value",
    "aws:sqs/queue:Queue": "the messages in it",
}

_SERVERS = "servers go and new ones have to start and load their models"
TRAFFIC: Mapping[str, str] = {
    "aws:autoscaling/group:Group": _SERVERS,
    "aws:ec2/eip:Eip": "its public address is given up; whoever allows it has to know",
    "aws:ec2/internetGateway:InternetGateway": "the way to and from the internet",
    "aws:ec2/natGateway:NatGateway": "the zone's way out, and the address it comes from",
    "aws:ec2/route:Route": "what is routed by it",
    "aws:ec2/routeTable:RouteTable": "the subnets that use it have no routes meanwhile",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "its subnet has other routes meanwhile",
    "aws:ec2/securityGroup:SecurityGroup": "what it lets through",
    "aws:ec2/subnet:Subnet": "everything in it is moved: servers, load balancer, endpoints",
    "aws:ec2/vpc:Vpc": "the whole network with everything in it",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "calls to the AWS service behind it",
    "aws:ecs/cluster:Cluster": "all tasks of the cluster",
    "aws:ecs/service:Service": "its tasks stop, and start anew",
    "aws:iam/instanceProfile:InstanceProfile": "servers that run lose their permissions",
    "aws:iam/role:Role": "whoever runs as it loses its permissions",
    "aws:iam/rolePolicy:RolePolicy": "its permissions are missing meanwhile",
    "aws:lb/listener:Listener": "clients are refused on its port",
    "aws:lb/listenerRule:ListenerRule": "requests that it matched go elsewhere",
    "aws:lb/loadBalancer:LoadBalancer": "clients get another address by DNS, and connections end",
    "aws:lb/targetGroup:TargetGroup": "servers register anew and are healthy only after checks",
    "aws:route53/record:Record": "the name is not answered meanwhile",
    "aws:servicediscovery/instance:Instance": "clients that look it up by name find nothing",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": "names in it are not answered",
    "aws:servicediscovery/service:Service": "clients that look it up by name find nothing, until "
    "servers have registered anew",
}

HARMLESS: Mapping[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": "it only waits for the certificate",
    "aws:ecs/taskDefinition:TaskDefinition": "a new revision; the old one stays readable",
    "aws:kms/alias:Alias": "only the key's name",
}
"""Types of which a new version is how they change."""
