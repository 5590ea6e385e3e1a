"""Every resource type that a stack may have: how it is priced, or why it is free of charge."""

from collections.abc import Callable, Iterator, Mapping

from slipway.stack.cost import agents, network, servers, services, watching
from slipway.stack.cost.fleets import GROUP
from slipway.stack.cost.lines import Basis, Line, Unpriced
from slipway.stack.graph import Resource

Pricer = Callable[[Resource, Basis], Iterator[Line | Unpriced]]

PRICED: Mapping[str, Pricer] = {
    GROUP: servers.group,
    "aws:acm/certificate:Certificate": services.certificate,
    "aws:appautoscaling/policy:Policy": watching.scaling_policy,
    "aws:autoscaling/policy:Policy": watching.scaling_policy,
    "aws:cloudwatch/dashboard:Dashboard": watching.dashboard,
    "aws:cloudwatch/logGroup:LogGroup": watching.log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": watching.alarm,
    "aws:ec2/eip:Eip": network.elastic_ip,
    "aws:ec2/flowLog:FlowLog": watching.flow_log,
    "aws:ec2/launchTemplate:LaunchTemplate": agents.launch_template,
    "aws:ec2/natGateway:NatGateway": network.nat_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": network.endpoint,
    "aws:ecr/repository:Repository": services.repository,
    "aws:ecs/capacityProvider:CapacityProvider": watching.capacity_provider,
    "aws:ecs/cluster:Cluster": watching.cluster,
    "aws:ecs/service:Service": watching.service,
    "aws:kms/key:Key": services.key,
    "aws:lb/loadBalancer:LoadBalancer": network.load_balancer,
    "aws:lb/trustStore:TrustStore": network.trust_store,
    "aws:route53/zone:Zone": services.zone,
    "aws:s3/bucket:Bucket": services.bucket,
    "aws:secretsmanager/secret:Secret": services.secret,
    "aws:servicediscovery/instance:Instance": services.registered,
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": services.zone,
    "aws:servicediscovery/service:Service": services.discovery,
    "aws:sns/topic:Topic": services.topic,
    "aws:sns/topicSubscription:TopicSubscription": services.subscription,
    "aws:ssm/parameter:Parameter": services.parameter,
    "aws:wafv2/webAcl:WebAcl": network.web_acl,
}

_OF_BUCKET = "a setting of a bucket; what the bucket stores is counted there"
_OF_NETWORK = (
    "AWS charges nothing for it; what passes through gateways and endpoints is counted there"
)
_OF_IAM = "IAM is free of charge"
_OF_BALANCER = "a part of the load balancer, whose capacity units count its rules and traffic"
_OF_SCALING = "scaling is free of charge; its servers and alarms are counted themselves"

FREE: Mapping[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": "a wait, nothing at AWS",
    "aws:appautoscaling/scheduledAction:ScheduledAction": _OF_SCALING,
    "aws:appautoscaling/target:Target": _OF_SCALING,
    "aws:autoscaling/lifecycleHook:LifecycleHook": _OF_SCALING,
    "aws:autoscaling/schedule:Schedule": _OF_SCALING,
    "aws:budgets/budget:Budget": "budgets without actions are free of charge",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _OF_NETWORK,
    "aws:ec2/internetGateway:InternetGateway": _OF_NETWORK,
    "aws:ec2/route:Route": _OF_NETWORK,
    "aws:ec2/routeTable:RouteTable": _OF_NETWORK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _OF_NETWORK,
    "aws:ec2/securityGroup:SecurityGroup": _OF_NETWORK,
    "aws:ec2/subnet:Subnet": _OF_NETWORK,
    "aws:ec2/vpc:Vpc": _OF_NETWORK,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "it deletes images, and is free of charge",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "a setting of the cluster",
    "aws:ecs/taskDefinition:TaskDefinition": "a document; its tasks run on counted servers",
    "aws:iam/instanceProfile:InstanceProfile": _OF_IAM,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _OF_IAM,
    "aws:iam/role:Role": _OF_IAM,
    "aws:iam/rolePolicy:RolePolicy": _OF_IAM,
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": _OF_IAM,
    "aws:kms/alias:Alias": "another name of a key, which is counted itself",
    "aws:lb/listener:Listener": _OF_BALANCER,
    "aws:lb/listenerRule:ListenerRule": _OF_BALANCER,
    "aws:lb/targetGroup:TargetGroup": _OF_BALANCER,
    "aws:route53/record:Record": "queries are charged to its zone, which is not of the stack; "
    "those for a load balancer's alias are free of charge",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _OF_BUCKET,
    "aws:s3/bucketLogging:BucketLogging": _OF_BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _OF_BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _OF_BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _OF_BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _OF_BUCKET
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _OF_BUCKET,
    "aws:sns/topicPolicy:TopicPolicy": "a setting of a topic",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _OF_NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _OF_NETWORK,
    "aws:wafv2/webAclAssociation:WebAclAssociation": "a part of the web ACL",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        "what it writes is counted with its log group"
    ),
    "pulumi-python:dynamic/slipway:Rollout": "it starts instance refreshes, which are free of "
    "charge; servers beyond the group's size while one lasts are not counted",
}
"""Types that cost nothing by themselves, with the reason; from memory of AWS's price pages."""
