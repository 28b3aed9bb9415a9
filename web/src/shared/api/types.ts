// Short names for what the server answers, taken from the operations: schema names change when two features share a word.
import type { components, operations } from './schema'

type Schemas = components['schemas']
type Answer<Name extends keyof operations> = operations[Name] extends { responses: { 200: { content: { 'application/json': infer Body } } } } ? Body : never

export type Me = Schemas['Me']
export type AlarmQueue = Answer<'alarms_queue'>
export type AlarmRow = AlarmQueue['items'][number]
export type AlarmCase = Answer<'alarms_case'>
export type Contact = AlarmCase['contacts'][number]
export type Candidate = Answer<'alarms_candidates'>['items'][number]
export type Shift = Answer<'shift_my_shift'>
export type SetAsideRow = Answer<'alarms_set_aside'>['items'][number]
export type ElderRow = Answer<'elders_elders'>['items'][number]
export type Elder = Answer<'elders_elder'>
export type Entitlement = NonNullable<Elder['entitlement']>
export type ElderVisit = Answer<'elders_visits'>['items'][number]
export type Month = Answer<'elders_month'>
export type LedgerLine = Month['lines'][number]
export type Item = Answer<'catalogue_items'>['items'][number]
export type Quote = Answer<'orders_quote'>
export type Order = Answer<'orders_order'>
export type OrderRow = Answer<'orders_orders'>['items'][number]
export type VisitRow = Answer<'visits_visits'>['items'][number]
export type Visit = Answer<'visits_visit'>
export type Attendance = Visit['attendances'][number]
export type Flaw = Visit['flaws'][number]
export type Device = Answer<'devices_devices'>['items'][number]
export type Message = Answer<'messages_outgoing'>['items'][number]
export type Call = Answer<'calls_calls'>['items'][number]
export type Assessment = Answer<'assessments_assessment'>
export type AssessmentForm = Answer<'assessments_form'>
export type AssessmentRow = Answer<'assessments_assessments'>['items'][number]
export type DueElders = Answer<'assessments_due'>
export type ElderAssessments = Answer<'assessments_of_elder'>
export type AssessmentTerms = Answer<'assessments_terms'>
export type DeviceCommands = Answer<'devices_commands'>
export type Command = DeviceCommands['offers'][number]['command']
export type StockRow = Answer<'stock_stock'>['items'][number]
export type StockCounts = Answer<'stock_counts'>
export type Labels = Answer<'stock_print_labels'>
export type ShownOnce = Answer<'stock_give_password'>
export type DeviceModel = Answer<'stock_all_models'>['items'][number]
export type ImportRow = Answer<'stock_recent'>[number]
export type ImportFile = Answer<'stock_one'>
