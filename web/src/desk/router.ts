// The desk's addresses.
import { createRouter, createWebHistory } from 'vue-router'

export const router = createRouter({
  history: createWebHistory('/desk/'),
  routes: [{ path: '/board/:day?', name: 'board', component: () => import('./board/BoardPage.vue') }],
})
