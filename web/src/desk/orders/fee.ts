// The fee of calling something off or moving it, as it is told before it is done.
import { useI18n } from 'vue-i18n'
import type { Fee } from '@/shared/api/types'
import { yuan } from '@/shared/words'

export function useFeeInWords() {
  const { t } = useI18n()
  return function words(fee: Fee, cause: 'cancel' | 'change'): string {
    if (!fee.cents) return t(`orders.fee.free_${cause}`)
    return t(fee.payer === 'elder' ? `orders.fee.due_${cause}` : 'orders.fee.counted', { amount: yuan(fee.cents), hours: fee.free_hours })
  }
}
