// Alerts by Azure Monitor on the traces that badbuzz notify sends to Application Insights.
//
//   az deployment group create --resource-group badbuzz --template-file deploy/azure/alerts.bicep \
//     --parameters appInsights=badbuzz teamEmail=crisis-team@example.org phoneNumber=612345678
//
// A change of an alert is a trace "badbuzz alert", each minute there is a trace "badbuzz heartbeat", a
// corrected label is a trace "mispredicted tweet". Every dimension is a string: todouble() before
// comparing. A log query sees a trace some minutes after it was sent: Alertmanager is the fast way.

@description('Name of the Application Insights resource, in this resource group.')
param appInsights string

@description('Where the rules live.')
param location string = resourceGroup().location

@description('E-mail addresses that receive every alert.')
param teamEmail string

@description('Phone numbers that receive critical alerts: digits without the leading zero.')
param phoneNumber string

@description('Country code of that number.')
param countryCode string = '33'

@description('Corrections against one bundle within five minutes that are too many.')
param mispredictions int = 3

@description('When warnings are kept back until morning, by this clock (a Windows time zone).')
param quietFrom string = '21:00:00'
param quietUntil string = '08:00:00'
param timeZone string = 'Romance Standard Time'

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsights
}

// At most one text message in five minutes a number, and a hundred mails an hour an address.
resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'badbuzz-people'
  location: 'global'
  properties: {
    groupShortName: 'badbuzz'
    enabled: true
    emailReceivers: [
      {
        name: 'team'
        emailAddress: teamEmail
        useCommonAlertSchema: true
      }
    ]
    smsReceivers: [
      {
        name: 'on-call'
        countryCode: countryCode
        phoneNumber: phoneNumber
      }
    ]
  }
}

resource team 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'badbuzz-team'
  location: 'global'
  properties: {
    groupShortName: 'badbuzzmail'
    enabled: true
    emailReceivers: [
      {
        name: 'team'
        emailAddress: teamEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

// A change that was sent twice counts once.
var spikeQuery = '''
traces
| where message == "badbuzz alert"
| extend brand = tostring(customDimensions.brand), alert_id = tostring(customDimensions.alert_id),
    change = tostring(customDimensions.change),
    mark = coalesce(tostring(customDimensions.mark), "live"),
    phase = tostring(customDimensions.phase), severity = tostring(customDimensions.severity),
    summary = tostring(customDimensions.summary), dashboard = tostring(customDimensions.dashboard),
    n_negative = todouble(customDimensions.n_negative), expected = todouble(customDimensions.expected)
| where phase in ("firing", "escalated") and severity == "SEVERITY"
| summarize arg_min(timestamp, *) by change
'''

var severities = [
  {
    severity: 'critical'
    level: 0
    group: people.id
  }
  {
    severity: 'warning'
    level: 2
    group: team.id
  }
]

resource spikes 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for spike in severities: {
  name: 'badbuzz-spike-${spike.severity}'
  location: location
  properties: {
    displayName: 'Brand crisis (${spike.severity})'
    description: 'badbuzz: more negative tweets about a brand than usual.'
    severity: spike.level
    enabled: true
    scopes: [
      insights.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: replace(spikeQuery, 'SEVERITY', spike.severity)
          timeAggregation: 'Count'
          dimensions: [
            {
              name: 'brand'
              operator: 'Include'
              values: [
                '*'
              ]
            }
            {
              name: 'mark'
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        spike.group
      ]
    }
  }
}]

// A trace that was sent twice counts once; one that was sent late, after an outage, does not count. Looked at each
// minute, so that no three within five minutes fall on both sides of a boundary.
resource repeatedMispredictions 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'badbuzz-repeated-mispredictions'
  location: location
  properties: {
    displayName: 'Repeated mispredictions'
    description: 'badbuzz: people corrected the same bundle again and again.'
    severity: 3
    enabled: true
    scopes: [
      insights.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: '''
traces
| where message == "mispredicted tweet"
| extend bundle = tostring(customDimensions.bundle), brand = tostring(customDimensions.brand),
    feedback = tostring(customDimensions.feedback), corrected = todatetime(customDimensions.corrected),
    prediction = tostring(customDimensions.prediction), correction = tostring(customDimensions.correction)
| where timestamp - corrected < 5m
| summarize arg_min(timestamp, *) by feedback
'''
          timeAggregation: 'Count'
          dimensions: [
            {
              name: 'bundle'
              operator: 'Include'
              values: [
                '*'
              ]
            }
          ]
          operator: 'GreaterThanOrEqual'
          threshold: mispredictions
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        team.id
      ]
    }
  }
}

resource heartbeatMissing 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'badbuzz-heartbeat-missing'
  location: location
  properties: {
    displayName: 'badbuzz is not heard of'
    description: 'badbuzz notify has not said for ten minutes that it reads alerts.'
    severity: 1
    enabled: true
    scopes: [
      insights.id
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT10M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: '''
traces
| where message == "badbuzz heartbeat"
| extend group_name = tostring(customDimensions.group)
'''
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        people.id
      ]
    }
  }
}

// Warnings are still raised in quiet hours, and seen in the portal; no notification is sent.
resource quietHours 'Microsoft.AlertsManagement/actionRules@2021-08-08' = {
  name: 'badbuzz-quiet-hours'
  location: 'global'
  properties: {
    description: 'No mail about warnings at night.'
    enabled: true
    scopes: [
      resourceGroup().id
    ]
    conditions: [
      {
        field: 'AlertRuleId'
        operator: 'Equals'
        values: [
          spikes[1].id
        ]
      }
    ]
    schedule: {
      timeZone: timeZone
      recurrences: [
        {
          recurrenceType: 'Daily'
          startTime: quietFrom
          endTime: quietUntil
        }
      ]
    }
    actions: [
      {
        actionType: 'RemoveAllActionGroups'
      }
    ]
  }
}
